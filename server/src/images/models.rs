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

/// Files of networks: those of a folder, which may be filled while the server runs, and the operator's own.
#[derive(Debug, Clone, Default)]
pub struct Models {
    /// Where ours are.
    pub folder: PathBuf,
    /// Another than ours for the style `detail`.
    pub detail: Option<PathBuf>,
    /// Another than ours for background removal.
    pub matte: Option<PathBuf>,
}

impl Models {
    /// Whether the files are there that an edit needs.
    pub async fn suffice(&self, edit: &Edit) -> bool {
        for path in self.paths(edit) {
            if !tokio::fs::metadata(path).await.is_ok_and(|file| file.is_file()) {
                return false;
            }
        }
        true
    }

    /// The files that an edit needs, in the order in which it takes them; none for most edits.
    pub(super) async fn read(&self, edit: &Edit) -> io::Result<Vec<Bytes>> {
        let mut files = Vec::new();
        for path in self.paths(edit) {
            files.push(read(&path).await?);
        }
        Ok(files)
    }

    fn paths(&self, edit: &Edit) -> Vec<PathBuf> {
        let names = names(edit);
        match (names, &self.detail, &self.matte) {
            (DETAIL, Some(own), _) | (MATTE, _, Some(own)) => vec![own.clone()],
            _ => names.iter().map(|name| self.folder.join(name)).collect(),
        }
    }
}

/// The file of a network.
pub(super) async fn read(path: &Path) -> io::Result<Bytes> {
    if tokio::fs::metadata(path).await?.len() > MAX_FILE {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(tokio::fs::read(path).await?.into())
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
        let models = Models { folder: "/nonexistent".into(), ..Models::default() };
        assert!(models.suffice(&Edit::Grayscale).await);
        assert!(models.read(&Edit::Grayscale).await.unwrap().is_empty());
        for edit in ["upscale_image 4 photo", "upscale_image 2 detail", "remove_background_image"] {
            let edit: Edit = edit.parse().unwrap();
            assert!(edit.needs_network() && !models.suffice(&edit).await);
            assert!(models.read(&edit).await.is_err());
        }
    }

    #[tokio::test]
    async fn an_operators_own_network_takes_the_place_of_ours() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let own = Some(file.path().to_owned());
        let (folder, none) = (PathBuf::from("/nonexistent"), None);
        let detail = Models { folder: folder.clone(), detail: own.clone(), matte: none.clone() };
        let matte = Models { folder, detail: none, matte: own };
        let [enlarge, photo, cut_out] =
            ["upscale_image 2 detail", "upscale_image 2 photo", "remove_background_image"]
                .map(|edit| edit.parse::<Edit>().unwrap());
        assert!(detail.suffice(&enlarge).await && !detail.suffice(&cut_out).await);
        assert!(matte.suffice(&cut_out).await && !matte.suffice(&enlarge).await);
        assert!(!detail.suffice(&photo).await && !matte.suffice(&photo).await);
    }
}
