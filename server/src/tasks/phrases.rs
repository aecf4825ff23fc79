//! What a task says of itself to people.

use uuid::Uuid;

use super::model::{State, Task};

/// An operation's words; the subject's id comes between `…` and the tail.
struct Words {
    operation: &'static str,
    to_do: &'static str,
    doing: &'static str,
    done: &'static str,
    tail: &'static str,
}

const WORDS: [Words; 11] = [
    Words {
        operation: "rotate_image",
        to_do: "rotate image",
        doing: "Rotating image",
        done: "Rotated image",
        tail: "",
    },
    Words {
        operation: "analyze_image",
        to_do: "analyze image",
        doing: "Analyzing image",
        done: "Analyzed image",
        tail: "",
    },
    Words {
        operation: "strip_metadata",
        to_do: "strip image",
        doing: "Stripping image",
        done: "Stripped image",
        tail: " of metadata",
    },
    Words {
        operation: "grayscale_image",
        to_do: "convert image",
        doing: "Converting image",
        done: "Converted image",
        tail: " to grayscale",
    },
    Words {
        operation: "compress_image",
        to_do: "compress image",
        doing: "Compressing image",
        done: "Compressed image",
        tail: "",
    },
    Words {
        operation: "upscale_image",
        to_do: "upscale image",
        doing: "Upscaling image",
        done: "Upscaled image",
        tail: "",
    },
    Words {
        operation: "crop_image",
        to_do: "crop image",
        doing: "Cropping image",
        done: "Cropped image",
        tail: "",
    },
    Words {
        operation: "resize_image",
        to_do: "resize image",
        doing: "Resizing image",
        done: "Resized image",
        tail: "",
    },
    Words {
        operation: "blur_image",
        to_do: "blur image",
        doing: "Blurring image",
        done: "Blurred image",
        tail: "",
    },
    Words {
        operation: "convert_image",
        to_do: "convert image",
        doing: "Converting image",
        done: "Converted image",
        tail: " to another format",
    },
    Words {
        operation: "remove_background_image",
        to_do: "remove the background of image",
        doing: "Removing the background of image",
        done: "Removed the background of image",
        tail: "",
    },
];

/// The sentence of a task as it stands; never empty.
pub(super) fn describe(task: &Task) -> String {
    let Phrases { to_do, doing, done } = phrases(&task.operation, task.subject);
    let note = &task.note;
    match task.state {
        State::Queued if note.is_empty() => format!("Waiting to {to_do}"),
        State::Queued => format!("Waiting to {to_do} again: {note}"),
        State::Running if task.ending => format!("{doing}, about to be cancelled"),
        State::Running => doing,
        State::Retrying => format!("Failed to {to_do}, to be tried again: {note}"),
        State::Succeeded => done,
        State::Failed => format!("Failed to {to_do}: {note}"),
        State::Cancelled => format!("Cancelled: did not {to_do}"),
    }
}

struct Phrases {
    to_do: String,
    doing: String,
    done: String,
}

fn phrases(operation: &str, subject: Uuid) -> Phrases {
    match WORDS.iter().find(|w| w.operation == operation) {
        Some(Words { to_do, doing, done, tail, .. }) => Phrases {
            to_do: format!("{to_do} {subject}{tail}"),
            doing: format!("{doing} {subject}{tail}"),
            done: format!("{done} {subject}{tail}"),
        },
        None => Phrases {
            to_do: format!("run {operation} on {subject}"),
            doing: format!("Running {operation} on {subject}"),
            done: format!("Ran {operation} on {subject}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn task(operation: &str, state: State, note: &str) -> Task {
        Task {
            id: Uuid::nil(),
            operation: operation.to_owned(),
            subject: Uuid::nil(),
            owner: Uuid::nil(),
            state,
            note: note.to_owned(),
            ending: false,
            progress: 0,
            attempts: 0,
            create_time: UNIX_EPOCH,
            start_time: None,
            end_time: None,
        }
    }

    #[test]
    fn a_task_tells_its_way_in_sentences() {
        let id = Uuid::nil();
        let say = |operation, state, note| task(operation, state, note).description();
        assert_eq!(say("rotate_image", State::Queued, ""), format!("Waiting to rotate image {id}"));
        assert_eq!(say("rotate_image", State::Running, ""), format!("Rotating image {id}"));
        assert_eq!(say("rotate_image", State::Succeeded, ""), format!("Rotated image {id}"));
        assert_eq!(
            say("grayscale_image", State::Succeeded, ""),
            format!("Converted image {id} to grayscale")
        );
        assert_eq!(
            say("upscale_image", State::Failed, "no room"),
            format!("Failed to upscale image {id}: no room")
        );
        assert_eq!(say("dig", State::Running, ""), format!("Running dig on {id}"));
        let ending = Task { ending: true, ..task("rotate_image", State::Running, "") };
        assert_eq!(ending.description(), format!("Rotating image {id}, about to be cancelled"));
    }
}
