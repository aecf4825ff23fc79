//! The files of neural networks: which an edit needs, and where they are. `server/models/build` makes them.

use std::{
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::model::{Drawing, Edit, Style};

/// Largest file of a network, in bytes.
pub const MAX_FILE: u64 = 200 << 20;

/// The networks of the style `photo`: for what was stored with losses, and for the rest.
const PHOTO: &[&str] = &["upconv7photo_n1_x2.onnx", "upconv7photo_x2.onnx"];
/// The network of the style `illustration`.
const ILLUSTRATION: &[&str] = &["realesr_animevideov3_x4.onnx"];
/// The network of the style `detail`.
const DETAIL: &[&str] = &["realesrgan_x4plus_x4.onnx"];
/// The network that knows foregrounds.
const MATTE: &[&str] = &["u2netp.onnx"];

/// A folder with files of networks. It may be filled while the server runs.
#[derive(Debug, Clone)]
pub struct Models {
    folder: PathBuf,
}

impl Models {
    /// Those of a folder.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Whether the files are there that an edit needs.
    pub async fn suffice(&self, edit: &Edit) -> bool {
        for name in names(edit) {
            if !tokio::fs::metadata(self.folder.join(name)).await.is_ok_and(|file| file.is_file()) {
                return false;
            }
        }
        true
    }

    /// The files that an edit needs, in the order in which it takes them; none for most edits.
    pub(super) async fn read(&self, edit: &Edit) -> io::Result<Vec<Bytes>> {
        let mut files = Vec::new();
        for name in names(edit) {
            let path = self.folder.join(name);
            if tokio::fs::metadata(&path).await?.len() > MAX_FILE {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            files.push(tokio::fs::read(path).await?.into());
        }
        Ok(files)
    }
}

fn names(edit: &Edit) -> &'static [&'static str] {
    match edit {
        Edit::Draw(Drawing::Enlarge(enlargement)) => match enlargement.style {
            Style::Photo => PHOTO,
            Style::Illustration => ILLUSTRATION,
            Style::Detail => DETAIL,
        },
        Edit::Draw(Drawing::CutOut) => MATTE,
        Edit::Draw(Drawing::Crop(_) | Drawing::Resize(_) | Drawing::Blur(_) | Drawing::Convert(_))
        | Edit::Rotate(_)
        | Edit::Grayscale
        | Edit::StripMetadata { .. }
        | Edit::Compress(_)
        | Edit::CompressTo(_)
        | Edit::UpscaleNearest(_)
        | Edit::Avatar(_) => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_edits_by_networks_need_files() {
        let models = Models::new(Path::new("/nonexistent"));
        assert!(models.suffice(&Edit::Grayscale).await);
        assert!(models.read(&Edit::Grayscale).await.unwrap().is_empty());
        for edit in ["upscale_image 4 photo", "upscale_image 2 detail", "remove_background_image"] {
            let edit: Edit = edit.parse().unwrap();
            assert!(edit.needs_network() && !models.suffice(&edit).await);
            assert!(models.read(&edit).await.is_err());
        }
    }
}
