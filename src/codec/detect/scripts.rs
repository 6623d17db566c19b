//! How common kana, hangul and Cyrillic letters are, alone and in pairs. It must never judge a whole text.

use std::sync::LazyLock;

use super::cost::{BIT, Cost, by_rank};
use super::pairs::Pairs;

/// Hiragana and katakana, the most used first.
const HIRAGANA: &str = "のいしたにるはとてをがでまなすかりれこもさうっらんあきせくつおけえそみめちよだどやろわじばほごひへびべぎげずむぶふぐねゆぼざ\
    ょゃゅぞづぜぬぱぽぴぺぷぢぁぃぅぇぉゎゐゑゔ";
const KATAKANA: &str = "ーンスルトリアラッイクシフドレタロジムカプテマサメュバコチウオニィデパキエグツハミセナダズョモブケワヤソノビボゲネベガヒポヘ\
    ャェォァホギゴユピペザヨゼァヴゾヌヅヂヮヰヱヲ";
/// What Japanese words end with and are joined by.
const JAPANESE_PAIRS: &str = "です ます まし した して ない から まで こと もの とい いう する れる られ ため より など この その あり いま さい くだ ださ とう うご ござ ざい \
    いる なっ った って ては には では でき きる たい たら なら おり しま てい よう うに これ それ ここ そこ んだ れて にな りま てく くれ みま でし ょう しょ すか ませ せん かん てき あと";
/// Hangul syllables, the most used first.
const HANGUL: &str = "이다는의에을가하고지도은를한로기사리자어나인아대시서그들스해있과정일보라수전거니제여것안주으만부성상게면원구장았동모조된\
    용신무되공국위오세트었년비우소분연학적문미방생치관계실심회중요음선경유말할때등개내러데진당야처없습까녕랑했름려님요네마바\
    히드저르교운행터물화금단재반설발통별입결간력민차월건강업체술약작량식품호초현질산번노명복류양타외못망태급순종투코추권남북\
    더와려같뿐본후합각두알감론료누또집청받접속크프램티서버송석표형능목영역열렸찾잘읽쓰글습온습센압환절확오류층최근길밤낮봄";
/// What Korean words end with, and some words.
const KOREAN_PAIRS: &str = "니다 습니 합니 입니 에서 으로 하는 하고 했다 있는 있다 그리 리고 한국 사람 우리 대한 이다 지만 들이 에게 까지 부터 하지 에는 으며 하여 해서 않은 않는 것이 수있 안녕 녕하 하세 세요 감사 사합 \
    됩니 습다 었다 았다 였다 했습 었습 았습 연결 실패 성공 오류 서버 온도 습도 시간 오늘 내일 어제 날씨 학교 병원 회사 경제 정부 시장 전화 번호 주소 서울 부산 대학 학생 선생 생님 데이 이터 네트 트워 워크 메시 시지 시스 스템";
/// Cyrillic letters of Russian, the most used first.
const RUSSIAN: &str = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё";
/// What Russian letters follow each other most.
const RUSSIAN_PAIRS: &str = "ст но то на ен не ни ра ко ов ро во по ре ал пр ли ло ос ва го ом ер от ор ес ан ет ль ка та за ти об ла од ел ле ол ит ем ой ог те ве до да ны де ил из ам ин \
    ак ри ед ат мо же че бы ск ди ви ви ис пе со тр ик вы ым ую ый ая ие ия ть сь нн ше ми ме се му им их ей ас ав ад аз ар он оз оп ус ут уж уд ум чт ча что эт он ся сл св сп сн см съ вс вн вр вл дн др гр \
    бо бе бу кр кл кт ку кс ке ки ма мы ру ры рь ря си су ты ту тв тн ца це ци ще щи юч яз ят ях ям ал ба уч пу пи па пл зн зо зв зд ши шл жи жд хо ха чи чк эк";
/// Letters of Western Europe beyond ASCII, the most used first: French, German, Spanish, Portuguese, Northern.
const WESTERN: &str = "éèàêçüöäßóíáñãôîïùûõåøæëúìòœâÿ";

/// How often Japanese has the hiragana of a rank: they are half of its text, the first of them 5 %.
const HIRAGANA_COSTS: [(f32, f32); 5] = [(1.0, 5.0), (10.0, 5.6), (30.0, 6.6), (50.0, 8.2), (85.0, 14.0)];
/// Katakana are a tenth of it, in words of their own.
const KATAKANA_COSTS: [(f32, f32); 4] = [(1.0, 7.0), (10.0, 8.4), (40.0, 10.2), (87.0, 15.0)];
/// The first hangul syllable is 4 % of Korean, the first 100 are 65 %.
const HANGUL_COSTS: [(f32, f32); 6] = [(1.0, 5.2), (10.0, 6.4), (50.0, 7.9), (100.0, 9.0), (200.0, 10.5), (300.0, 12.0)];
/// The first letter of Russian is 11 % of it, the tenth 4 %, the last 0.1 %.
const RUSSIAN_COSTS: [(f32, f32); 5] = [(1.0, 3.4), (5.0, 4.1), (10.0, 4.7), (20.0, 6.1), (33.0, 9.5)];
/// Letters beyond ASCII are 4 % of French, most of them é.
const WESTERN_COSTS: [(f32, f32); 4] = [(1.0, 6.5), (5.0, 8.6), (10.0, 10.0), (30.0, 12.5)];

/// Letters with their costs, and pairs.
pub(super) struct Script {
    /// The first letter that has a place.
    first: char,
    /// Costs from it on; 0 for a letter that the script has not.
    costs: Vec<u8>,
    pairs: Pairs,
}

/// Japanese kana.
pub(super) static KANA: LazyLock<Script> = LazyLock::new(|| {
    let mut script = Script::new('\u{3041}', '\u{30FF}', JAPANESE_PAIRS);
    script.add(HIRAGANA.chars(), &HIRAGANA_COSTS);
    script.add(KATAKANA.chars(), &KATAKANA_COSTS);
    script
});
/// Korean hangul: the others of the 2350 in KS X 1001 are 2 % of text.
pub(super) static KOREAN: LazyLock<Script> = LazyLock::new(|| {
    let mut script = Script::new('\u{AC00}', '\u{D7A3}', KOREAN_PAIRS);
    script.add(HANGUL.chars(), &HANGUL_COSTS);
    let cells: Vec<u8> = (0xB0..=0xC8).flat_map(|lead| (0xA1..=0xFE).flat_map(move |trail| [lead, trail])).collect();
    script.add(encoding_rs::EUC_KR.decode_without_bom_handling(&cells).0.chars(), &[(1.0, 16.0)]);
    script
});
/// Russian letters, small ones.
pub(super) static CYRILLIC: LazyLock<Script> = LazyLock::new(|| {
    let mut script = Script::new('\u{430}', '\u{45F}', RUSSIAN_PAIRS);
    script.add(RUSSIAN.chars(), &RUSSIAN_COSTS);
    script
});
/// Small letters beyond ASCII.
pub(super) static LATIN: LazyLock<Script> = LazyLock::new(|| {
    let mut script = Script::new('\u{DF}', '\u{17F}', "");
    script.add(WESTERN.chars(), &WESTERN_COSTS);
    script
});

impl Script {
    fn new(first: char, last: char, pairs: &str) -> Self {
        let mut all = Vec::new();
        for word in pairs.split_whitespace() {
            let letters: Vec<char> = word.chars().collect();
            all.extend(
                letters.windows(2).filter_map(|two| if let [first, second] = *two { Some((first, second, 0)) } else { None }),
            );
        }
        Self { first, costs: vec![0; (u32::from(last) - u32::from(first) + 1) as usize], pairs: Pairs::new(&all) }
    }

    fn index(&self, letter: char) -> Option<usize> {
        u32::from(letter).checked_sub(u32::from(self.first)).map(|at| at as usize)
    }

    /// Letters by rank; one that is there stays.
    fn add(&mut self, letters: impl Iterator<Item = char>, milestones: &[(f32, f32)]) {
        for (rank, letter) in letters.enumerate() {
            if let Some(place) = self.index(letter).and_then(|at| self.costs.get_mut(at)).filter(|place| **place == 0) {
                *place = u8::try_from(by_rank(rank, milestones)).unwrap_or(u8::MAX);
            }
        }
    }

    /// What a letter costs by itself; `None` for one that this script has not.
    pub(super) fn alone(&self, letter: char) -> Option<Cost> {
        self.costs.get(self.index(letter)?).filter(|cost| **cost > 0).map(|cost| Cost::from(*cost))
    }

    /// The same after `before`: a listed pair is four times as likely, and what that takes is half a bit from the others.
    pub(super) fn cost(&self, before: char, letter: char) -> Option<Cost> {
        let alone = self.alone(letter)?;
        Some(if self.pairs.cost(before, letter).is_some() { alone.saturating_sub(2 * BIT).max(BIT) } else { alone + BIT / 2 })
    }
}
