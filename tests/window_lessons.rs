//! The classroom: a lesson done from beginning to end by what can be read on the window, over real sockets; and pictures of it.
//! `UPDATE_SNAPSHOTS=1 cargo test --test window_lessons` takes them anew.

mod support;

use egui::accesskit::Role as Access;
use egui::{Rangef, Theme};
use sockscope::i18n::Language::{self, Chinese, English};
use sockscope::lesson::library::Library;
use sockscope::lesson::run::Run;
use sockscope::session::draft::Draft;
use sockscope::session::event::What;
use sockscope::session::spec::Role;
use sockscope::settings::Settings;
use sockscope::ui::lessons::Lessons;
use support::stage::{Stage, connection, crowding};
use support::{LANGUAGES, Side, Window};

/// High enough for the whole list, so that nothing need be scrolled.
const WHOLE: [f32; 2] = [1600.0, 2800.0];

/// The answer that a lesson expects at a step.
fn expected(id: &str, step: usize, language: Language) -> String {
    let library = Library::read(None);
    let question = library.find(id).unwrap().steps[step].question.clone().unwrap();
    question.choices[question.expected].text.of(language).replace('`', "")
}

fn title(id: &str, language: Language) -> String {
    Library::read(None).find(id).unwrap().title.of(language).to_owned()
}

#[test]
fn a_lesson_is_done_from_beginning_to_end_and_leaves_nothing_behind() {
    for language in LANGUAGES {
        let mut window = Window::with(Settings { language: Some(language), ..Settings::default() }, WHOLE);
        window.press("lessons.title", Side::Any);
        assert!(window.settings().lessons);
        let name = title("echo", language);
        window.click(&name, Side::Any);
        let steps = Library::read(None).find("echo").unwrap().steps.len();
        for step in 0..steps {
            let answer = expected("echo", step, language);
            window.until(&answer, |window| window.find(&[Access::RadioButton], &answer, Side::Any).len() == 1);
            // The outcome is not told before it happened.
            assert!(!window.reads(&window.tr("lessons.as_predicted")), "{}", window.told());
            window.click(&answer, Side::Any);
            window.press("lessons.go", Side::Any);
            window.wait_for(&window.tr("lessons.as_predicted"));
            if step + 1 < steps {
                window.press("lessons.next", Side::Any);
            }
        }
        let tabs = window.all().into_iter().filter(|seen| seen.role == Access::Tab).count();
        assert_eq!(tabs, 2, "{}", window.told());
        window.press("lessons.finish", Side::Any);
        window.until("no tab is left", |window| !window.all().iter().any(|seen| seen.role == Access::Tab));
        assert!(window.settings().lessons_done.contains("echo"));
        // The card says so, and nothing of the lesson is remembered as a session.
        window.wait_for(&language.tr_with("lessons.done", &[("title", &name)]));
        assert!(window.settings().sessions.is_empty());
    }
}

#[test]
fn another_guess_is_not_scolded_and_steps_can_be_read_again() {
    let mut window = Window::with(Settings { language: Some(English), lessons: true, ..Settings::default() }, WHOLE);
    window.click(&title("phone-and-letter", English), Side::Any);
    let wrong = "Nothing: it just sends";
    window.until(wrong, |window| window.find(&[Access::RadioButton], wrong, Side::Any).len() == 1);
    window.click(wrong, Side::Any);
    window.press("lessons.go", Side::Any);
    window.wait_for(&window.tr("lessons.otherwise"));
    window.press("lessons.next", Side::Any);
    window.wait_for("The letter: address it and drop it in");
    // Whoever does not want to guess may look all the same.
    window.press("lessons.skip", Side::Any);
    window.wait_for(&window.tr("lessons.this_came_true"));
    window.press("lessons.back", Side::Any);
    window.wait_for("The call: dial first, then talk");
    assert!(window.reads(&window.tr("lessons.otherwise")), "{}", window.told());
    window.press("lessons.leave", Side::Any);
    window.until("the list is back", |window| window.reads(&window.tr("lessons.what")));
    assert!(!window.all().iter().any(|seen| seen.role == Access::Tab), "{}", window.told());
    assert!(window.settings().lessons_done.is_empty(), "left halfway is not done");
}

#[test]
fn a_lesson_points_to_the_pages_that_show_it() {
    let mut window = Window::with(Settings { language: Some(Chinese), lessons: true, ..Settings::default() }, WHOLE);
    window.click(&title("echo", Chinese), Side::Any);
    window.press("lessons.skip", Side::Any);
    window.wait_for(&window.tr("lessons.this_came_true"));
    let word = Chinese.tr_with("lessons.look", &[("page", &Chinese.tr("page.ladder")), ("end", &"客户端")]);
    window.click(&word, Side::Any);
    let name = window.tr("page.ladder");
    window.until("the ladder is in front", |window| {
        window.find(&[Access::RadioButton], &name, Side::Any).iter().any(|seen| seen.on)
            || window.all().iter().any(|seen| seen.role == Access::ComboBox && seen.value.contains(&name))
    });
    window.press("lessons.restart", Side::Any);
    window.until("it begins again", |window| window.reads(&window.tr("lessons.predict_first")));
    let tabs = window.all().into_iter().filter(|seen| seen.role == Access::Tab).count();
    assert_eq!(tabs, 2, "{}", window.told());
}

/// As most people have it, and the least that nothing may be wrong in.
const TALL: [f32; 2] = [1280.0, 820.0];
const SMALL: [f32; 2] = [1024.0, 640.0];

fn check(name: &str, stage: Stage, points: [f32; 2]) {
    let mut harness = stage.harness(points, 1.0);
    // Beside the classroom the tiles are narrow and low and scroll; it scrolls itself.
    let mut wrong = crowding(&harness, &[Rangef::EVERYTHING]);
    wrong.extend(harness.try_snapshot(name).err().map(|problem| problem.to_string()));
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

fn list(language: Language, theme: Theme) -> Stage {
    let mut stage = Stage::new(language, theme);
    stage.lessons = Some(Lessons::with(Library::read(None)));
    stage
}

const SERVER: &str = "127.0.0.1:9000";
const CLIENT: &str = "127.0.0.1:51512";

/// The lesson on the half-close at its first step, before it is done or afterwards.
fn half_close(language: Language, theme: Theme, chosen: Option<usize>, reveal: bool) -> Stage {
    let mut stage = list(language, theme);
    let library = Library::read(None);
    let lesson = library.find("half-close").unwrap().clone();
    let draft = |end: usize| lesson.ends[end].draft.clone();
    let pair = [(Role::TcpServer, draft(0)), (Role::TcpClient, draft(1))];
    let [server, client] = stage
        .pair((pair[0].0, |own: &mut Draft| *own = pair[0].1.clone()), (pair[1].0, |own: &mut Draft| *own = pair[1].1.clone()));
    for (id, end) in [server, client].into_iter().zip(&lesson.ends) {
        stage.tabs.get_mut(&id).unwrap().called = Some(end.title.clone());
    }
    stage.lessons.as_mut().unwrap().begin(lesson.clone(), &[server, client], tempfile::tempdir().unwrap());
    stage.drive_lesson();
    let (to_client, to_server) = (connection(1, CLIENT), connection(1, SERVER));
    stage.opens(server);
    stage.happens(server, What::Listening { local: SERVER.parse().unwrap() });
    stage.drive_lesson();
    stage.opens(client);
    stage.happens(client, What::Connected { peer: to_server, local: CLIENT.parse().unwrap() });
    stage.drive_lesson();
    stage.happens(server, What::PeerJoined { peer: to_client, local: SERVER.parse().unwrap() });
    stage.drive_lesson();
    let run = |stage: &mut Stage, act: &dyn Fn(&mut Run)| act(stage.lessons.as_mut().unwrap().run_mut().unwrap());
    if let Some(chosen) = chosen {
        run(&mut stage, &|run| run.predict(chosen));
    }
    if reveal {
        run(&mut stage, &Run::go);
        stage.drive_lesson();
        stage.sends(client, to_server, "请求".as_bytes());
        stage.receives(server, to_client, "请求".as_bytes());
        stage.happens(client, What::Finished { peer: to_server });
        stage.happens(server, What::PeerFinished { peer: to_client });
        stage.drive_lesson();
        stage.sends(server, to_client, "答案".as_bytes());
        stage.receives(client, to_server, "答案".as_bytes());
        stage.drive_lesson();
    }
    stage
}

#[test]
fn the_list() {
    check("lessons_list_zh_light", list(Chinese, Theme::Light), TALL);
    check("lessons_list_en_dark", list(English, Theme::Dark), TALL);
}

#[test]
fn before_it_is_done() {
    check("lessons_ask_zh_dark", half_close(Chinese, Theme::Dark, Some(0), false), TALL);
    check("lessons_ask_en_light_small", half_close(English, Theme::Light, None, false), SMALL);
}

#[test]
fn after_it_is_done() {
    check("lessons_revealed_en_light", half_close(English, Theme::Light, Some(1), true), TALL);
    check("lessons_revealed_zh_light", half_close(Chinese, Theme::Light, None, true), TALL);
    check("lessons_revealed_en_dark", half_close(English, Theme::Dark, Some(0), true), TALL);
}
