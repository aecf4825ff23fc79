//! What commands say on standard output: a text for people, or one JSON document for programs.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write, stdout},
    time::SystemTime,
};

use clap::Args;
use serde_json::Value;

/// How a command answers.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Form {
    /// Answer with one JSON document
    #[arg(long, global = true)]
    json: bool,
}

impl Form {
    /// Whether programs read it.
    pub(super) fn is_json(self) -> bool {
        self.json
    }

    /// Says it in this form.
    pub(super) fn say(self, text: impl Display, document: &Value) -> io::Result<()> {
        let mut out = stdout().lock();
        let said = if self.json { writeln!(out, "{document}") } else { writeln!(out, "{text}") };
        match said.and_then(|()| out.flush()) {
            // Who asked has gone, as `head` does; what was asked for is done.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            said => said,
        }
    }
}

/// A time as both forms tell it.
pub(super) fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

/// Columns as wide as what they hold, below their headings.
pub(super) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0).max(headings[column].chars().count())
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |cells: [&str; N]| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let rows = rows.iter().map(|row| line(row.each_ref().map(String::as_str)));
    std::iter::once(line(headings)).chain(rows).collect::<Vec<_>>().join("\n")
}

/// A text that others chose, without what a terminal would take for a command.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_lines_end_without_spaces() {
        let rows = [["é".to_owned(), "x".to_owned()], ["longer".to_owned(), String::new()]];
        assert_eq!(table(["a", "b"], &rows), "a       b\né       x\nlonger");
        assert_eq!(table(["a", "b"], &[]), "a  b");
    }

    #[test]
    fn no_text_of_others_commands_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
    }
}
