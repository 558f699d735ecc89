//! A run on a terminal: a moving line for each running phase, a lasting one for each that is over.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::telling::{Said, Teller, Tone, progress};
use super::{Listener, Progress};
use crate::model::{Event, Phase};

/// How often a running phase shows that it is alive.
const TICK: Duration = Duration::from_millis(120);

/// Draws on standard error, so that standard output stays a result. Nothing moves where it is not a terminal, but lines
/// are written: a shell that knows takes [`super::PlainListener`] there.
#[derive(Debug)]
pub struct TerminalListener {
    screen: MultiProgress,
    running: HashMap<Phase, ProgressBar>,
    teller: Teller,
    colour: bool,
}

impl TerminalListener {
    /// On standard error.
    pub fn new(colour: bool) -> Self {
        let screen = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        Self { screen, running: HashMap::new(), teller: Teller::default(), colour }
    }

    fn begin(&mut self, phase: Phase) {
        let bar = self.screen.add(ProgressBar::new_spinner().with_style(style()).with_prefix(phase.word()));
        bar.enable_steady_tick(TICK);
        self.running.insert(phase, bar);
    }

    fn last(&self, word: &str, tone: Tone, text: &str) {
        let (sign, code) = match tone {
            Tone::Good => ("✓", "32"),
            Tone::Bad => ("✕", "1;31"),
        };
        let sign = if self.colour { format!("\u{1b}[{code}m{sign}\u{1b}[0m") } else { sign.to_owned() };
        // A terminal that is gone is the reader's choice; the run and its record go on.
        self.screen.suspend(|| writeln!(io::stderr(), "{sign} {word:<10} {text}")).unwrap_or_default();
    }
}

/// `⠋ restore      12s  86.0 MB of 191.2 MB (45 %), 61.3 MB/s`, cut at the terminal's edge.
fn style() -> ProgressStyle {
    let template = ProgressStyle::with_template("{spinner} {prefix:<10} {elapsed:>7}  {wide_msg}");
    template.unwrap_or_else(|_| ProgressStyle::default_spinner())
}

impl Listener for TerminalListener {
    fn on_event(&mut self, event: &Event) {
        match self.teller.hear(event) {
            Some(Said::Began(phase)) => self.begin(phase),
            Some(Said::Ended(phase, tone, text)) => {
                if let Some(bar) = self.running.remove(&phase) {
                    bar.finish_and_clear();
                    self.screen.remove(&bar);
                }
                self.last(phase.word(), tone, &text);
            }
            Some(Said::Told(word, tone, text)) => self.last(word, tone, &text),
            None => {}
        }
    }

    fn on_progress(&mut self, news: &Progress) {
        let Some(bar) = self.running.get(&news.phase) else { return };
        bar.set_message(progress(news, bar.elapsed().as_secs_f64()));
    }
}

impl Drop for TerminalListener {
    /// A run that is cut off leaves no moving line behind.
    fn drop(&mut self) {
        for bar in self.running.values() {
            bar.finish_and_clear();
        }
    }
}
