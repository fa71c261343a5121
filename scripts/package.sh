#!/usr/bin/env bash
# Builds the Debian package from a finished binary.
#
#   scripts/package.sh BINARY OUT_DIR     leaves OUT_DIR/ringfence_VERSION_ARCH.deb
#
# Needs dpkg-deb, gzip, python3 and cargo. The same binary and sources make the same bytes:
# SOURCE_DATE_EPOCH, or the time of the last commit, is every file's time.
set -euo pipefail

[ $# = 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
binary=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
root=$(realpath "$(dirname "$0")/..")
cd "$root"

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n1)
arch=$(dpkg --print-architecture)
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
umask 022

put() { install -D -m "$1" "$2" "$stage/$3"; }

put 755 "$binary" usr/bin/ringfence
strip --strip-unneeded --remove-section=.comment "$stage/usr/bin/ringfence"
put 644 packaging/ringfence.service usr/lib/systemd/system/ringfence.service
put 644 packaging/sysusers.conf usr/lib/sysusers.d/ringfence.conf
put 644 packaging/tmpfiles.conf usr/lib/tmpfiles.d/ringfence.conf
put 644 packaging/ringfence.toml etc/ringfence/ringfence.toml
install -d "$stage/etc/ringfence/rules"

# Rules and mappings are compiled in; here they can be read, and copied to be changed.
for folder in rules mappings; do
  install -d "$stage/usr/share/ringfence/$folder"
  find "$folder" -type f | while read -r file; do put 644 "$file" "usr/share/ringfence/$file"; done
done

doc=usr/share/doc/ringfence
for file in README.md SECURITY.md docs/*.md; do put 644 "$file" "$doc/$(basename "$file")"; done
put 644 packaging/debian/copyright $doc/copyright
python3 scripts/sbom.py > "$stage/$doc/sbom.cdx.json"
put 644 CHANGELOG.md "$doc/CHANGELOG.md"
printf '%s\n' "ringfence ($version) unstable; urgency=medium" '' '  * See CHANGELOG.md.' '' \
  " -- The Ringfence authors <maintainers@ringfence.example>  $(LC_ALL=C date -uR -d "@$SOURCE_DATE_EPOCH")" \
  | gzip -9n > "$stage/$doc/changelog.gz"

# The program writes its own manual pages and completions.
"$binary" manual --out "$stage/manual"
install -d "$stage/usr/share/man/man1"
for page in "$stage"/manual/*.1; do
  gzip -9n < "$page" > "$stage/usr/share/man/man1/$(basename "$page").gz"
done
put 644 "$stage/manual/ringfence.bash" usr/share/bash-completion/completions/ringfence
put 644 "$stage/manual/_ringfence" usr/share/zsh/vendor-completions/_ringfence
put 644 "$stage/manual/ringfence.fish" usr/share/fish/vendor_completions.d/ringfence.fish
rm -r "$stage/manual"

# The newest glibc symbol that the binary asks for is the oldest system it runs on.
glibc=$(objdump -T "$binary" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -V | tail -n1)
size=$(du -sk --apparent-size "$stage" | cut -f1)
install -d "$stage/DEBIAN"
sed -e "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@SIZE@/$size/; s/@GLIBC@/$glibc/" \
  packaging/debian/control.in > "$stage/DEBIAN/control"
install -m 644 packaging/debian/conffiles "$stage/DEBIAN/conffiles"
install -m 755 packaging/debian/{postinst,prerm,postrm} "$stage/DEBIAN/"
(cd "$stage" && find . -type f -not -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum > DEBIAN/md5sums)

find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
deb="$out/ringfence_${version}_${arch}.deb"
# Tests of the package's form need no small one: PACKAGE_LEVEL=0 packs twenty times faster.
dpkg-deb --root-owner-group -Zxz -z"${PACKAGE_LEVEL:-6}" --build "$stage" "$deb" >&2
echo "$deb"
