//! Pages without scripts: their frame, and texts that are only texts.

use std::fmt::{self, Display, Write};

use axum::response::{IntoResponse, Response};
use http::{
    HeaderValue,
    header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
};

/// Pages show what is ours, and send forms to us.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'",
);

/// A page.
pub(super) struct Html(String);

/// A text as it stands in a page: in an element or in quotes.
#[derive(Clone, Copy)]
pub(super) struct Text<'a>(pub(super) &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// Who looks at a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Viewer {
    /// Nobody in particular: a card in the middle.
    Anybody,
    /// The operator: a bar with ways, and room. A page that changes by itself is looked at again.
    Operator { again: bool },
}

impl Html {
    /// A page of this title and content, which is HTML.
    pub(super) fn page(title: &str, viewer: Viewer, content: &str) -> Self {
        let (class, bar, again) = match viewer {
            Viewer::Anybody => ("door", "", ""),
            Viewer::Operator { again } => {
                ("room", BAR, if again { "<meta http-equiv=\"refresh\" content=\"5\">\n" } else { "" })
            }
        };
        let title = Text(title);
        Self(format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n{again}\
             <title>{title} · Atalaya</title>\n<link rel=\"stylesheet\" href=\"/auth/style.css\">\n</head>\n\
             <body class=\"{class}\">\n{bar}<main>\n{content}</main>\n</body>\n</html>\n"
        ))
    }
}

/// What stands above the operator's pages.
const BAR: &str = "<header><a class=\"name\" href=\"/dashboard\">Atalaya</a><nav><a href=\"/dashboard\">Scans</a> \
    <a href=\"/schedules\">Schedules</a></nav>\
    <form method=\"post\" action=\"/auth/logout\"><button class=\"quiet\">Log out</button></form></header>\n";

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        let content_type = HeaderValue::from_static("text/html; charset=utf-8");
        ([(CONTENT_TYPE, content_type), (CONTENT_SECURITY_POLICY, POLICY)], self.0).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_never_a_tag_and_never_ends_its_quotes() {
        assert_eq!(
            Text("<script>\"'&</script>").to_string(),
            "&lt;script&gt;&quot;&#39;&amp;&lt;/script&gt;"
        );
        let Html(page) = Html::page("<b>", Viewer::Anybody, "");
        assert!(page.contains("<title>&lt;b&gt; ·") && !page.contains("<b>"));
    }
}
