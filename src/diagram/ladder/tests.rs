//! Tables of what is concluded and how it is joined.
