//! The kernelspec: how Jupyter finds and starts the kernel of a staged build.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::place::Place;
use crate::stage::{Manifest, cannot_write};

const LOGOS: [(&str, &[u8]); 3] = [
    ("logo-32x32.png", include_bytes!("../logos/logo-32x32.png")),
    ("logo-64x64.png", include_bytes!("../logos/logo-64x64.png")),
    ("logo-svg.svg", include_bytes!("../logos/logo-svg.svg")),
];

/// Makes Jupyter start the kernel staged in `folder` from now on.
pub fn install(place: &Place, folder: &Path) -> Result<()> {
    let manifest = Manifest::read(folder)?;
    let spec = place.kernelspec();
    fs::create_dir_all(&spec).map_err(cannot_write(&spec))?;
    let write = |name: &str, content: &[u8]| {
        let path = spec.join(name);
        // Written beside and moved: a Jupyter that reads at this moment sees the old one or the new one.
        let beside = spec.join(format!(".{name}.new"));
        fs::write(&beside, content).and_then(|()| fs::rename(&beside, &path)).map_err(cannot_write(&path))
    };
    for (name, content) in LOGOS {
        write(name, content)?;
    }
    let text = serde_json::to_vec_pretty(&content(folder, &manifest)).expect("a kernelspec is plain data");
    write("kernel.json", &text)
}

fn content(folder: &Path, manifest: &Manifest) -> Value {
    json!({
        "argv": [manifest.kernel, "{connection_file}"],
        "display_name": "Rust (Lazuli)",
        "language": "rust",
        "interrupt_mode": "message",
        "env": {
            "LAZULI_HOME": folder,
            "CARGO": manifest.cargo,
            "RUSTC": manifest.rustc,
        },
        "metadata": { "debugger": false, "lazuli": { "version": manifest.lazuli, "build_id": manifest.build_id } },
    })
}

/// The staged build that the installed kernelspec points to; nothing when there is no kernelspec.
pub fn installed(place: &Place) -> Result<Option<PathBuf>> {
    let path = place.kernelspec().join("kernel.json");
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::Read { path, source }),
    };
    let spec: Value =
        serde_json::from_slice(&text).map_err(|source| Error::Answer { program: "kernel.json", source })?;
    Ok(spec["env"]["LAZULI_HOME"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spec_holds_absolute_paths_and_the_placeholder() {
        let manifest = Manifest::sample(Path::new("/t/bin/rustc"), "");
        let spec = content(Path::new("/b/1"), &manifest);
        assert_eq!(spec["argv"], json!(["/b/1/bin/lazuli-kernel", "{connection_file}"]));
        assert_eq!(spec["interrupt_mode"], "message");
        assert_eq!(spec["env"]["LAZULI_HOME"], "/b/1");
    }
}
