//! What a webhook is posted: pure.

use serde_json::{Value, json};

use crate::definition::WebhookStyle;
use crate::record::visible::visible;
use crate::record::{Conclusion, RunRecord};
use crate::report;
use crate::report::mail::Letter;

/// Longest texts that Slack takes are 150 and 3,000 characters.
const LONGEST_HEADLINE: usize = 140;
const LONGEST_BLOCK: usize = 2_900;

/// What tells of a run.
pub fn body(style: WebhookStyle, record: &RunRecord, conclusion: &Conclusion, letter: &Letter) -> Value {
    match style {
        WebhookStyle::Json => report::outward_json(record, conclusion),
        WebhookStyle::Slack => slack(&letter.subject, &letter.text),
    }
}

/// Slack's form of a headline and a text. Nothing in it becomes a link, a mention or a preview.
pub fn slack(headline: &str, text: &str) -> Value {
    let lines: Vec<String> = text.lines().map(visible).collect();
    let text = shortened(&lines.join("\n"), LONGEST_BLOCK);
    let headline = shortened(&visible(headline), LONGEST_HEADLINE);
    json!({
        "text": escaped(&headline),
        "parse": "none",
        "link_names": false,
        "mrkdwn": false,
        "unfurl_links": false,
        "unfurl_media": false,
        "blocks": [
            { "type": "header", "text": { "type": "plain_text", "text": headline, "emoji": false } },
            { "type": "section", "text": { "type": "plain_text", "text": text, "emoji": false } },
        ],
    })
}

/// Slack reads these three characters as markup everywhere else than in plain text.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h10_nothing_that_slack_is_posted_is_a_link_or_a_mention() {
        let posted = slack("<!channel> a & b", "<https://evil.example|click>\n\u{202e}turned");
        assert_eq!(posted["text"], "&lt;!channel&gt; a &amp; b");
        assert_eq!(posted["parse"], "none");
        for block in posted["blocks"].as_array().unwrap() {
            assert_eq!(block["text"]["type"], "plain_text");
        }
        assert_eq!(posted["blocks"][1]["text"]["text"], "<https://evil.example|click>\n⟨U+202E⟩turned");
    }

    #[test]
    fn h11_slack_is_posted_no_more_than_it_takes() {
        let posted = slack(&"x".repeat(9_000), &"line\n".repeat(9_000));
        let length = |at: usize| posted["blocks"][at]["text"]["text"].as_str().unwrap().chars().count();
        assert!(length(0) <= 150 && length(1) <= 3_000, "{} {}", length(0), length(1));
    }
}
