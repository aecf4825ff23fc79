//! Forms of `multipart/form-data`, as whole as their writer wants them.

/// Stands between the parts.
const BOUNDARY: &str = "----atalaya-street-boundary";

/// A form that is being written.
#[derive(Clone, Debug, Default)]
pub struct Form {
    bytes: Vec<u8>,
}

impl Form {
    /// A form with one image in the field `image`.
    pub fn image(name: &str, content_type: &str, bytes: &[u8]) -> Self {
        Self::default().file("image", name, content_type, bytes)
    }

    /// The form's content type.
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }

    /// With a file.
    #[must_use]
    pub fn file(self, field: &str, name: &str, content_type: &str, bytes: &[u8]) -> Self {
        let head = format!(
            "Content-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\nContent-Type: {content_type}"
        );
        self.part(&head, bytes)
    }

    /// With a field of text.
    #[must_use]
    pub fn text(self, field: &str, value: &str) -> Self {
        self.part(&format!("Content-Disposition: form-data; name=\"{field}\""), value.as_bytes())
    }

    /// With a part whose head is this.
    #[must_use]
    pub fn part(mut self, head: &str, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").as_bytes());
        self.bytes.extend_from_slice(bytes);
        self.bytes.extend_from_slice(b"\r\n");
        self
    }

    /// The whole form.
    pub fn end(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.bytes
    }

    /// The form as far as it is written, without its end.
    pub fn cut_off(self) -> Vec<u8> {
        self.bytes
    }
}
