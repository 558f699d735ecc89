//! `drillyard show` and `history`: past runs, by what a person remembers of them.

use std::fs;

use crate::place::{Place, ids, lab};

#[test]
fn a_run_is_found_by_its_id_a_prefix_or_last() {
    let place = &lab().place;
    let ids = ids(place);
    let text = |arguments: &[&str]| place.run(arguments).ends_with(0).out;
    let last = text(&["show"]);
    assert!(last.contains(&format!("record: {}", ids[0])), "{last}");
    assert_eq!(text(&["show", "last"]), last);
    assert_eq!(text(&["show", &ids[0]]), last);
    assert_eq!(text(&["show", &ids[0].to_lowercase()]), last);
    assert_eq!(text(&["show", &ids[0][..25]]), last);
    let oldest = text(&["show", "last", "--drill", "orders"]);
    assert!(oldest.contains(&format!("record: {}", ids[2])) && oldest.starts_with("PASSED"), "{oldest}");
}

#[test]
fn what_was_shown_at_the_end_is_shown_again() {
    let failed = lab().place.run(&["show", "last", "--drill", "short"]).ends_with(0);
    assert_eq!(failed.out, lab().failed.out);
}

#[test]
fn an_unknown_run_and_an_ambiguous_one_are_invalid() {
    let place = &lab().place;
    place.run(&["show", "01ZZZ"]).ends_with(2).complains(&["no run is called `01ZZZ`", "drillyard history"]);
    place.run(&["show", "%"]).ends_with(2).complains(&["no run is called `%`"]);
    let ids = ids(place);
    let several = place.run(&["show", "0"]).ends_with(2);
    several.complains(&["`0` is the beginning of several runs", &ids[0], &ids[1], &ids[2]]);
    place.run(&["show", "last", "--drill", "never"]).ends_with(2).complains(&["no runs of `never` yet"]);
    place.run(&["show", "--drill", "Not A Name"]).ends_with(2).complains(&["Not A Name"]);
    Place::new().run(&["show"]).ends_with(2).complains(&["no runs yet", "hint:"]);
}

#[test]
fn a_page_is_written_where_asked_and_its_place_is_the_result() {
    let place = &lab().place;
    let shown = place.run(&["show", "last", "--drill", "orders", "--html", "page.html"]).ends_with(0);
    assert_eq!((shown.out.as_str(), shown.err.as_str()), ("page.html\n", ""));
    let page = fs::read_to_string(place.folder.join("page.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"), "{page:.80}");
    for word in ["orders", "platform-team", "rows public.orders"] {
        assert!(page.contains(word), "{word} is not on the page");
    }
    let both = place.run(&["show", "--json", "--html", "both.html"]).ends_with(0);
    assert_eq!(both.json()["drill"], "absent");
    assert!(place.folder.join("both.html").exists());
    let nowhere = place.run(&["show", "--html", "nowhere/page.html"]).ends_with(3);
    nowhere.complains(&["could not write nowhere/page.html", "No such file"]);
}

#[test]
fn history_is_narrowed_by_drill_time_and_number() {
    let place = &lab().place;
    let listed = |arguments: &[&str]| {
        let json = place.run(&[&["--json", "history"], arguments].concat()).ends_with(0).json();
        let runs = json["runs"].as_array().unwrap();
        runs.iter().map(|run| run["drill"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&["--since", "1h"]), ["absent", "short", "orders"]);
    assert_eq!(listed(&["-n", "1"]), ["absent"]);
    assert_eq!(listed(&["--drill", "short"]), ["short"]);
    assert_eq!(listed(&["--drill", "never"]), Vec::<String>::new());
    let text = place.run(&["history"]).ends_with(0).out;
    let head = text.lines().next().unwrap();
    assert!(head.contains("drill") && head.contains("verdict"), "{text}");
    for id in ids(place) {
        assert!(text.contains(&id), "{text}");
    }
    assert_eq!(text.lines().count(), 4, "in a pipe a run is a line, however long its name is: {text}");
    assert_eq!(place.run(&["history", "--drill", "never"]).ends_with(0).out, "no such runs\n");
    assert_eq!(Place::new().run(&["history"]).ends_with(0).out, "no runs yet\n");
}
