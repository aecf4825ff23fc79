//! Reads a golden's text into exchanges.

use crate::snapshot;

/// A request and the answer that it must get.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// What it shows.
    pub title: String,
    /// Whose cookies it carries and keeps.
    pub jar: Option<String>,
    /// A form in the place of a body.
    pub upload: Option<Upload>,
    /// Whether it is asked again until the answer fits.
    pub until: bool,
    /// The method.
    pub method: String,
    /// The path and query.
    pub target: String,
    /// What else is asked.
    pub request: Message,
    /// The status of the answer.
    pub status: u16,
    /// What else is answered.
    pub answer: Message,
}

/// Headers and a body.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Names and values in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// A file of a form.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The form's field.
    pub field: String,
    /// The file's name.
    pub file: String,
    /// The declared content type.
    pub content_type: String,
}

/// The exchanges of a file below `tests/`.
pub fn read(file: &str) -> Vec<Exchange> {
    let text = snapshot::read(file);
    let exchanges: Vec<Exchange> = blocks(&text)
        .map(|block| parse(block).unwrap_or_else(|why| panic!("tests/{file}: {why}: {block}")))
        .collect();
    assert!(!exchanges.is_empty(), "tests/{file} has no exchange");
    exchanges
}

/// Each exchange's text, from its title on.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.match_indices("### ").filter(|(at, _)| *at == 0 || text[..*at].ends_with('\n'));
    let starts: Vec<usize> = starts.map(|(at, _)| at).collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    starts.into_iter().zip(ends).map(|(start, end)| &text[start..end])
}

fn parse(block: &str) -> Result<Exchange, String> {
    let mut exchange = Exchange::default();
    let (title, rest) = block.split_once('\n').ok_or("nothing but a title")?;
    title.trim_start_matches('#').trim().clone_into(&mut exchange.title);
    let at = rest.find("\nHTTP/1.1 ").ok_or("no answer")?;
    let (asked, answered) = (&rest[..=at], &rest[at + 1..]);

    let mut lines = asked.lines().filter(|line| !line.starts_with("# "));
    let first = loop {
        match lines.next().ok_or("no request")?.strip_prefix('@') {
            Some(directive) => direct(&mut exchange, directive)?,
            None => break asked.lines().find(|line| is_request(line)).ok_or("no request line")?,
        }
    };
    let (method, target) = first.split_once(' ').ok_or("no path")?;
    (exchange.method, exchange.target) = (method.to_owned(), target.trim().to_owned());
    exchange.request = message(lines)?;

    let mut lines = answered.lines().filter(|line| !line.starts_with("# "));
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).ok_or("no status")?;
    exchange.status = status.trim().parse().map_err(|_| "the status is no number")?;
    exchange.answer = message(lines)?;
    Ok(exchange)
}

fn is_request(line: &str) -> bool {
    line.split_once(' ').is_some_and(|(method, target)| {
        method.bytes().all(|b| b.is_ascii_uppercase()) && target.starts_with('/')
    })
}

fn direct(exchange: &mut Exchange, directive: &str) -> Result<(), String> {
    let words: Vec<&str> = directive.split_whitespace().collect();
    match words.as_slice() {
        ["as", jar] => exchange.jar = Some((*jar).to_owned()),
        ["upload", field, file, content_type] => {
            let [field, file, content_type] = [field, file, content_type].map(|word| (*word).to_owned());
            exchange.upload = Some(Upload { field, file, content_type });
        }
        ["until"] => exchange.until = true,
        _ => return Err(format!("@{directive} means nothing")),
    }
    Ok(())
}

/// Headers up to an empty line, then the body without the empty lines around it.
fn message<'t>(mut lines: impl Iterator<Item = &'t str>) -> Result<Message, String> {
    let mut message = Message::default();
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').ok_or_else(|| format!("{line} is no header"))?;
        message.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    lines.collect::<Vec<_>>().join("\n").trim_matches('\n').clone_into(&mut message.body);
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# A comment.\n\n### One\n@as mara\n@until\nGET /a/?x=1\n\nHTTP/1.1 204\n\n\
        ### Two\n# Why.\nPOST /b/\nContent-Type: application/json\n\n{\n  \"a\": 1\n}\n\n\
        HTTP/1.1 201\ncontent-type: application/json\n\n{\"b\": 2}\n";

    #[test]
    fn exchanges_are_read_with_all_that_belongs_to_them() {
        let exchanges: Vec<_> = blocks(TEXT).map(|block| parse(block).unwrap()).collect();
        let [one, two] = exchanges.as_slice() else { panic!("{exchanges:?}") };
        assert_eq!((one.title.as_str(), one.jar.as_deref(), one.until), ("One", Some("mara"), true));
        assert_eq!((one.method.as_str(), one.target.as_str(), one.status), ("GET", "/a/?x=1", 204));
        assert_eq!((two.request.body.as_str(), two.answer.body.as_str()), ("{\n  \"a\": 1\n}", "{\"b\": 2}"));
        assert_eq!(two.answer.headers, [("content-type".to_owned(), "application/json".to_owned())]);
    }

    #[test]
    fn what_is_no_exchange_is_refused() {
        for text in
            ["### x\nGET /\n", "### x\n@jar y\nGET /\n\nHTTP/1.1 200\n", "### x\nGET /\n\nHTTP/1.1 ok\n"]
        {
            assert!(blocks(text).map(parse).all(|parsed| parsed.is_err()), "{text}");
        }
    }
}
