//! The recovery times of the last runs as a picture, without a word in it: words are in its caption, where they can be
//! read aloud and in the dark.
//!
//! The background is transparent and the colours are of middle lightness, so that it can be seen on white and on black.

use tiny_skia::{FillRule, Paint, PathBuilder, Pixmap, Rect, Stroke, StrokeDash, Transform};

use super::png::png;
use super::times::{Bar, Times};
use crate::report::view::Tone;

/// Pixels; the mail shows it at two thirds of that.
const WIDTH: u32 = 840;
const HEIGHT: u32 = 168;
/// Room above the tallest bar and below the shortest, in pixels.
const EDGE: f32 = 8.0;
/// Height of the stub of a run without a recovery time.
const STUB: f32 = 14.0;
/// Widest bar, so that two runs are not two walls.
const WIDEST: f32 = 48.0;

/// The chart as PNG; `None` where there is nothing to see.
pub(super) fn chart(times: &Times) -> Option<Vec<u8>> {
    if !times.can_be_drawn() {
        return None;
    }
    let mut picture = Pixmap::new(WIDTH, HEIGHT)?;
    let longest = times.bars.iter().filter_map(|bar| bar.seconds).fold(0.0, f64::max);
    let top = times.line.unwrap_or(0.0).max(longest);
    let step = pixels(WIDTH) / places(times.bars.len());
    let width = (step * 0.72).min(WIDEST);
    let last = times.bars.len().saturating_sub(1);
    for (n, bar) in times.bars.iter().enumerate() {
        let left = step * places(n) + (step - width) / 2.0;
        draw(&mut picture, bar, left, width, height(bar, top), n == last)?;
    }
    base(&mut picture)?;
    if let Some(line) = times.line {
        dashed(&mut picture, pixels(HEIGHT) - EDGE - share(line, top))?;
    }
    png(&picture)
}

#[expect(clippy::cast_precision_loss, reason = "a picture is smaller than a million pixels")]
fn pixels(length: u32) -> f32 {
    length as f32
}

#[expect(clippy::cast_precision_loss, reason = "there are twenty bars at most")]
fn places(count: usize) -> f32 {
    count as f32
}

/// Height in pixels of a value on the scale.
#[expect(clippy::cast_possible_truncation, reason = "a part between 0 and 1")]
fn share(value: f64, top: f64) -> f32 {
    let part = if top > 0.0 { (value / top).clamp(0.0, 1.0) } else { 0.0 };
    part as f32 * (pixels(HEIGHT) - 2.0 * EDGE)
}

fn height(bar: &Bar, top: f64) -> f32 {
    bar.seconds.map_or(STUB, |seconds| share(seconds, top).max(4.0))
}

/// This run is drawn in full, those before it paler.
fn draw(picture: &mut Pixmap, bar: &Bar, left: f32, width: f32, height: f32, this: bool) -> Option<()> {
    let bottom = pixels(HEIGHT) - EDGE;
    let rounding = 6.0_f32.min(height / 2.0).min(width / 2.0);
    let (top, right) = (bottom - height, left + width);
    let mut path = PathBuilder::new();
    path.move_to(left, bottom);
    path.line_to(left, top + rounding);
    path.quad_to(left, top, left + rounding, top);
    path.line_to(right - rounding, top);
    path.quad_to(right, top, right, top + rounding);
    path.line_to(right, bottom);
    path.close();
    let path = path.finish()?;
    let paint = paint(bar.tone, if this { 255 } else { 150 });
    if bar.seconds.is_some() {
        picture.fill_path(&path, &paint, FillRule::Winding, Transform::identity(), None);
    } else {
        // Hollow: nothing was measured.
        let stroke = Stroke { width: 3.0, ..Stroke::default() };
        picture.stroke_path(&path, &paint, &stroke, Transform::identity(), None);
    }
    Some(())
}

fn paint(tone: Tone, alpha: u8) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    let [red, green, blue] = match tone {
        Tone::Good => [62, 128, 214],
        Tone::Bad => [214, 69, 65],
        Tone::Unsure => [201, 138, 27],
    };
    paint.set_color_rgba8(red, green, blue, alpha);
    paint
}

fn grey() -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(125, 136, 152, 255);
    paint
}

fn base(picture: &mut Pixmap) -> Option<()> {
    let line = Rect::from_xywh(0.0, pixels(HEIGHT) - EDGE, pixels(WIDTH), 2.0)?;
    picture.fill_rect(line, &grey(), Transform::identity(), None);
    Some(())
}

fn dashed(picture: &mut Pixmap, at: f32) -> Option<()> {
    let mut path = PathBuilder::new();
    path.move_to(0.0, at);
    path.line_to(pixels(WIDTH), at);
    let stroke = Stroke { width: 4.0, dash: StrokeDash::new(vec![18.0, 12.0], 0.0), ..Stroke::default() };
    picture.stroke_path(&path.finish()?, &grey(), &stroke, Transform::identity(), None);
    Some(())
}
