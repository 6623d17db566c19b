//! What the judge says of known bytes. It must never measure shares: `tests/detection.rs` does.

use super::*;

#[test]
fn guesses() {
    let text = |label: &str| Guess::Text(Encoding::for_label(label).unwrap());
    for (label, said) in [
        ("utf-8", "你好"),
        ("gbk", "你好"),
        ("gbk", "联通"),
        ("gbk", "好"),
        ("gbk", "温度:25℃"),
        ("gbk", "你好\0"),
        ("gbk", "朱镕基"),
        ("utf-8", "AT+OK\r\n"),
        ("gbk", "1:1001:zhang:PC-01:288:你好，飞秋\0"),
        ("gb18030", "我是𠮷野家"),
        ("big5", "歡迎使用"),
        ("utf-8", "😀"),
        ("utf-8", "café"),
        ("utf-8", "Привет"),
        ("utf-16le", "你好世界"),
        ("utf-16be", "你好，世界"),
        ("utf-16le", "Hello"),
        ("utf-16be", "Hi"),
        ("utf-16le", "\u{FEFF}你"),
        ("utf-8", "\u{FEFF}a"),
        ("shift_jis", "接続に失敗しました"),
        ("euc-jp", "こんにちは世界"),
        ("iso-2022-jp", "こんにちは"),
        ("euc-kr", "연결에 실패했습니다"),
        ("koi8-r", "Привет, мир"),
        ("windows-1251", "Привет, мир, как дела"),
        ("windows-1252", "Le café est fermé à Noël"),
        ("windows-1252", "Grüße aus München"),
    ] {
        let best = rank(&Encoding::for_label(label).unwrap().encode(said).unwrap()).remove(0);
        assert_eq!((best.guess, best.text.as_str(), best.errors), (text(label), said, 0), "{best:?}");
    }
    for bytes in [
        &b"\x01\x03\x00\x00\x00\x0A\xC5\xCD"[..],
        b"\x00\x01\x02\x03",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03",
        b"\xFF\xFF\xFF\xFF",
        b"\0\0\0\0",
        b"\x68\x11\x22\x33\x44\x55\x66\x68\x11\x04\x33\x33\x34\x33\x68\x16",
        b"\x9D\x3F\xA1\x07\xE6\x90\x58\xCB\x11\xF2\x84\x6D\xB0\x39\xFE\x02",
    ] {
        assert_eq!(rank(bytes)[0].guess, Guess::Binary, "{bytes:02X?}");
    }
    // A read that begins and ends within a character.
    assert_eq!(rank(&"你好世界朋友".as_bytes()[1..17])[0].guess, text("utf-8"));
    for (said, smallest) in [("你好", Encoding::GB2312), ("朱镕基", Encoding::GBK), ("我是𠮷野家", Encoding::GB18030)]
    {
        let bytes = Encoding::GB18030.encode(said).unwrap();
        assert_eq!(rank(&bytes)[0].smallest, Some(smallest), "{said}");
    }
}

const SIMPLIFIED: &str = "今天下午三点在会议室开会请大家准时参加 服务器已经启动正在等待客户端的连接请求 温度过高报警请立即检查冷却系统是否正常 \
    设备编号不存在请重新输入后再试一次 小明昨天和同学一起去图书馆看书写作业 我们家的猫喜欢趴在窗台上晒太阳 北京的秋天非常漂亮香山的红叶吸引了很多游客 \
    数据校验失败丢弃该帧 他站在桥上望着远处的群山心里想起了故乡 继电器吸合电机正转五秒后停止 春眠不觉晓处处闻啼鸟夜来风雨声花落知多少 \
    订单已发货预计明天送达请保持电话畅通 经济增长速度放缓失业率上升引起社会关注 病人血压偏高需要按时服药并定期复查 程序崩溃了因为指针没有初始化";
const TRADITIONAL: &str = "今天下午三點在會議室開會請大家準時參加 伺服器已經啟動正在等待用戶端的連線請求 溫度過高警報請立即檢查冷卻系統是否正常 \
    設備編號不存在請重新輸入後再試一次 小明昨天和同學一起去圖書館看書寫作業 我們家的貓喜歡趴在窗台上曬太陽 台北的秋天非常漂亮陽明山的紅葉吸引了很多遊客 \
    資料檢查失敗丟棄該封包 他站在橋上望著遠處的群山心裡想起了故鄉 訂單已出貨預計明天送達請保持電話暢通 經濟成長速度放緩失業率上升引起社會關注 \
    病人血壓偏高需要按時服藥並定期複查 程式當掉了因為指標沒有初始化";

/// Of every four characters in a row of ordinary text, at least 95 in 100 are recognised.
#[test]
fn four_characters_are_enough() {
    for (texts, encoding) in [
        (SIMPLIFIED, Encoding::GBK),
        (SIMPLIFIED, Encoding::UTF_8),
        (TRADITIONAL, Encoding::BIG5),
        (TRADITIONAL, Encoding::UTF_8),
    ] {
        let (mut right, mut all) = (0, 0);
        for text in texts.split_whitespace() {
            let characters: Vec<char> = text.chars().collect();
            for four in characters.windows(4) {
                let bytes = encoding.encode(&four.iter().collect::<String>()).unwrap();
                right += usize::from(rank(&bytes)[0].guess == Guess::Text(encoding));
                all += 1;
            }
        }
        assert!(right * 100 >= all * 97, "{encoding:?}: {right} of {all}");
    }
}
