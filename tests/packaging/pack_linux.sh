#!/usr/bin/env bash
# The Linux bundle with its desktop entry and icon as one tar.gz: pack_linux.sh BUNDLE_FOLDER FILE.tar.gz
set -euo pipefail
bundle=$(realpath "$1")
file=$(realpath -m "$2")
name=$(basename "$bundle")
cp "$bundle/_internal/deepimagetranslator/assets/icon.png" "$bundle/$name.png"
cat >"$bundle/$name.desktop" <<'END'
[Desktop Entry]
Type=Application
Name=DeepImageTranslator
Comment=Learn to turn one kind of image into another
Exec=DeepImageTranslator %f
Icon=DeepImageTranslator
Terminal=false
Categories=Science;Graphics;
StartupWMClass=DeepImageTranslator
END
cat >"$bundle/install.sh" <<'END'
#!/bin/sh
# Puts the program into your own menu; nothing is copied, so leave this folder where it is.
set -e
here=$(cd "$(dirname "$0")" && pwd)
menu=${XDG_DATA_HOME:-$HOME/.local/share}/applications
mkdir -p "$menu"
sed -e "s|^Exec=.*|Exec=\"$here/DeepImageTranslator\" %f|" -e "s|^Icon=.*|Icon=$here/DeepImageTranslator.png|" \
  "$here/DeepImageTranslator.desktop" > "$menu/DeepImageTranslator.desktop"
echo "DeepImageTranslator is in your menu."
END
chmod +x "$bundle/install.sh"
tar -czf "$file" -C "$(dirname "$bundle")" "$name"
