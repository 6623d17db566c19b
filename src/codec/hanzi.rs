//! How common characters are in ordinary text: hanzi by frequency and by the levels of GB/T 2312 and Big5, hangul by frequency.
//! It must never judge anything but one character.

use std::sync::LazyLock;

use super::encoding::Encoding;

/// The hanzi met most in simplified text, about the first six hundred of modern usage, and those of network messages.
const SIMPLIFIED: &str = "\
    的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方\
    多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情\
    明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给\
    世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太\
    量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象\
    完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔林风商始城备流服务器客户端连\
    接断开送收测试失败成功错误网络协议端口字符编码消息数据包温湿度传感设备状态请求响应登录密码用户名版本启停止关闭打开串口调\
    试助手节点温室控制命令返回超时重试等待完毕谢您早晚吃饭喝买卖车票钱元角块店快慢今明昨周星期午夜春夏秋冬雨雪阴晴云热冷暖凉\
    红黄蓝绿黑花草树木鱼鸟狗猫牛羊父母爸妈哥姐弟妹孩朋友师生班课题考字句词歌唱跳舞画影视频音乐图片文章新闻游戏电脑机硬盘存储\
    内存键鼠标屏幕显示打印复写读删除增加修改查找选择确取消保存退出帮刚才忘懂习惯喜欢爱恨怕哭笑睡醒病医药疼健康跑站坐躺飞落升\
    降左右前后远近宽窄深浅轻重粗细软胖瘦老幼男穿脱衣服鞋帽写信寄邮址省县村镇街楼层房间窗桌椅床灯厨卫洗拿扔捡推拉拍贴七八九零\
    百千亿半双单每首末底顶根";

/// The traditional forms of them, where they differ.
const TRADITIONAL: &str = "\
    這個們來為國說時會對著過發後裡裏學還進樣當沒動種經現開從無與長機實軍關點業兩間問並應戰頭體見產將話進給門兒東聲員論處義幾\
    認條係系氣題爾別變總電數報結務場計資許統區隊決馬書則聽達難權設記類據邊張該規萬覺術領確傳師觀讓識帶導爭運筆風備務器戶連斷\
    開訊測試敗錯誤網絡協議碼編資包濕感狀態請響應錄戶檔啟閉調節點溫室製返時試謝您歡迎親愛學習電腦機器鍵幕顯示印寫讀刪增改尋選\
    擇確認儲退幫剛纔懂慣歡愛買賣車錢塊飯週陰雲熱涼紅黃藍綠樹魚鳥貓媽爸師課詞畫影視頻樂圖聞遊戲醫藥飛陞左遠寬淺輕細軟網路訊息\
    資訊軟體硬碟滑鼠螢幕伺服器連線離線傳輸傳送接收繁體請輸入您好臺灣灣香港雙單樓層間窗燈廚衛洗推麼嗎呢吧啊喔哦它她妳您誰哪甚\
    什麼從裡邊還沒讓雖歷史經濟環境團團員導師總統議員選舉戰爭華語漢字龍鳳雞豬雜誌報紙關係興趣願意辦法實際價值質量數量標準號碼\
    線條極較輛幣億兩";

/// The hangul syllables met most.
const HANGUL: &str = "\
    이다는의에을가하고지도은를한로기사리자어나인아대시서그들스해있과정일보라수전거니제여것안주으만부성상게면원구장았동모조된\
    용신무되공국위오세트었년비우소분연학적문미방생치관계실심회중요음선경유말할때등개내러데진당야처없습까녕랑했름려님요네마바\
    히드저르교운행터물화금단재반설발통별입결";

static FREQUENT_HANZI: LazyLock<Vec<char>> = LazyLock::new(|| sorted(&[SIMPLIFIED, TRADITIONAL]));
static FREQUENT_HANGUL: LazyLock<Vec<char>> = LazyLock::new(|| sorted(&[HANGUL]));

fn sorted(texts: &[&str]) -> Vec<char> {
    let mut characters: Vec<char> = texts.iter().flat_map(|text| text.chars()).collect();
    characters.sort_unstable();
    characters.dedup();
    characters
}

/// How common a hanzi is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Among the most frequent ones of simplified or traditional text.
    Frequent,
    /// Of level 1 of the table asked for: 3755 hanzi of GB/T 2312, 5401 of Big5.
    First,
    /// Elsewhere in GB/T 2312, or in level 2 of Big5.
    Second,
    /// In none of them.
    Outside,
}

/// Whether it is a Chinese character.
pub(super) fn is_hanzi(character: char) -> bool {
    matches!(character, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Whether it is among the most frequent hanzi of simplified or traditional text.
pub(super) fn is_frequent_hanzi(character: char) -> bool {
    FREQUENT_HANZI.binary_search(&character).is_ok()
}

/// Whether it is among the most frequent hangul syllables.
pub(super) fn is_frequent_hangul(character: char) -> bool {
    FREQUENT_HANGUL.binary_search(&character).is_ok()
}

/// The level of a hanzi: by Big5's table for [`Encoding::BIG5`], else by that of GB/T 2312.
pub(super) fn level(character: char, encoding: Encoding) -> Level {
    if FREQUENT_HANZI.binary_search(&character).is_ok() && written_so(character, encoding) {
        return Level::Frequent;
    }
    let big5 = encoding == Encoding::BIG5;
    match pair(character, if big5 { encoding } else { Encoding::GB2312 }) {
        Some(lead) if big5 => {
            if lead <= 0xC6 {
                Level::First
            } else {
                Level::Second
            }
        }
        Some(lead) => {
            if lead <= 0xD7 {
                Level::First
            } else {
                Level::Second
            }
        }
        None => Level::Outside,
    }
}

/// GBK has every traditional form, but who writes them in GBK writes few; so there only what GB/T 2312 has is frequent.
fn written_so(character: char, encoding: Encoding) -> bool {
    encoding != Encoding::GBK && encoding != Encoding::GB18030 || pair(character, Encoding::GB2312).is_some()
}

/// The first byte of a character of two bytes.
fn pair(character: char, encoding: Encoding) -> Option<u8> {
    let mut buffer = [0; 4];
    let bytes = encoding.try_encode(character.encode_utf8(&mut buffer)).ok()?;
    match bytes.as_slice() {
        [lead, _] => Some(*lead),
        _ => None,
    }
}
