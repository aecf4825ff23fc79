//! The forms at the door, as pages.

use super::html::{Html, Text, Viewer};

/// The log-in. It says what went wrong the last time, and leads to a page afterwards.
pub(super) fn login(notice: Option<&str>, next: &str) -> Html {
    let content = format!(
        "<h1>Site scans</h1>\n{}<form method=\"post\" action=\"/auth/login\">\n\
         <input type=\"hidden\" name=\"next\" value=\"{}\">\n\
         <label for=\"password\">Password</label>\n\
         <input id=\"password\" type=\"password\" name=\"password\" required autofocus \
         autocomplete=\"current-password\">\n\
         <label class=\"tick\"><input type=\"checkbox\" name=\"remember\" value=\"on\"> Keep me logged in</label>\n\
         <button>Log in</button>\n</form>\n",
        told(notice),
        Text(next),
    );
    Html::page("Log in", Viewer::Anybody, &content)
}

/// The first password.
pub(super) fn setup(notice: Option<&str>) -> Html {
    let content = format!(
        "<h1>Set the first password</h1>\n\
         <p class=\"faint\">It opens the scans of sites, and nothing else. At least 8 characters.</p>\n\
         {}<form method=\"post\" action=\"/auth/setup\">\n\
         <label for=\"password\">Password</label>\n\
         <input id=\"password\" type=\"password\" name=\"password\" required autofocus minlength=\"8\" \
         autocomplete=\"new-password\">\n\
         <label for=\"confirm\">The same again</label>\n\
         <input id=\"confirm\" type=\"password\" name=\"confirm_password\" required minlength=\"8\" \
         autocomplete=\"new-password\">\n\
         <button>Set the password</button>\n</form>\n",
        told(notice),
    );
    Html::page("First password", Viewer::Anybody, &content)
}

fn told(notice: Option<&str>) -> String {
    notice
        .map(|notice| format!("<p class=\"notice\" role=\"alert\">{}</p>\n", Text(notice)))
        .unwrap_or_default()
}
