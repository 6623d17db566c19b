//! stub
#[derive(Clone, Debug)]
pub struct Diagnosis {
    pub outcome: Outcome,
}
#[derive(Clone, Debug)]
pub enum Outcome {
    Recovered(String),
    Gone,
}
#[derive(Clone, Debug)]
pub enum Verdict {
    Healthy,
    Garbled(Vec<Diagnosis>),
}
#[derive(Clone, Debug)]
pub struct Report {
    pub verdict: Verdict,
}
impl Diagnosis {
    pub fn text(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Recovered(t) => Some(t),
            _ => None,
        }
    }
}
pub fn diagnose(text: &str) -> Report {
    Report {
        verdict: if text.len() > 3 {
            Verdict::Garbled(vec![Diagnosis { outcome: Outcome::Recovered("你好".into()) }, Diagnosis { outcome: Outcome::Gone }])
        } else {
            Verdict::Healthy
        },
    }
}
