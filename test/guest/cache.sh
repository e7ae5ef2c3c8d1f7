# Sourced by the scripts that build guests from Debian packages: a folder with the result, which
# is made again only when the recipe or the packages have changed.
# shellcheck shell=bash
#
# The script that sources it sets
#
#   guest           its name, for messages
#   out             the folder, from guest_folder
#   made            the files that the guest consists of
#   recipe_files    what the result depends on besides the packages: files and folders, as seen
#                   from the folder `test`
#
# and has a function find_packages, which fills `packages` with the packages to be fetched, and
# `installed` with others that end up in the result; it fails when apt does not know them. Then
# it calls, in this order: open_cache, fetch_packages, close_cache. In between `work` is a folder
# for its own use.

packages=()
installed=()
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

PATH=$PATH:/usr/sbin:/sbin

say() { printf '%s: %s\n' "$guest" "$*" >&2; }
fail() {
	say "$*"
	exit 1
}

# need TOOL… ends the script when one of them is missing.
need() {
	local tool
	for tool in apt-cache apt-get dpkg-deb cpio depmod modprobe flock "$@"; do
		command -v "$tool" >/dev/null || fail "$tool is missing; run scripts/install-packages"
	done
}

# guest_folder NAME [FOLDER] prints where a guest is kept: in the folder, when one is given.
guest_folder() {
	if [[ -n ${2:-} ]]; then
		echo "$2"
	elif ((EUID == 0)); then
		echo "/var/cache/vireo/$1"
	else
		echo "${XDG_CACHE_HOME:-$HOME/.cache}/vireo/$1"
	fi
}

# kernel_behind META prints the package with the kernel itself, which the meta package depends on.
kernel_behind() {
	apt-cache depends "$1" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1
}

# recipe prints what the result depends on besides the packages.
recipe() {
	(cd "$tests" && find "${recipe_files[@]}" -type f ! -name README.md -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) |
		sha256sum | cut -d' ' -f1
}

# package_lists prints what apt knows of the archive, in short: while it is the same,
# asking apt for versions (which takes seconds) is not needed.
package_lists() {
	find /var/lib/apt/lists -maxdepth 1 -type f -printf '%f %s %T@\n' 2>/dev/null | LC_ALL=C sort | sha256sum | cut -d' ' -f1
}

# files_of_packages prints the exact files of all packages; their names hold the versions.
files_of_packages() {
	apt-get download --print-uris "${packages[@]}" "${installed[@]}" | awk '{print $2}' | LC_ALL=C sort
}

# complete tells whether a guest made by this very recipe is there.
complete() {
	local file
	for file in "${made[@]}" recipe lists versions; do [[ -s $out/$file ]] || return 1; done
	[[ $(<"$out/recipe") == "$(recipe)" ]]
}

# keep ends the script with the guest that is there.
keep() {
	echo "$out"
	exit 0
}

# open_cache locks the folder and ends the script when what is there is as good as what would be built.
# Else it fills `versions` and makes the folder `work`.
open_cache() {
	mkdir -p "$out"
	exec 9>"$out/.lock"
	flock 9
	if complete && [[ $(<"$out/lists") == "$(package_lists)" ]]; then keep; fi
	if ! find_packages 2>/dev/null; then
		# Without package lists nothing newer can be known.
		if complete; then keep; fi
		((EUID == 0)) || fail "apt does not know the packages; run 'sudo apt-get update' first"
		apt-get -qq update >&2
		find_packages || fail "apt does not know the packages"
	fi
	versions=$(files_of_packages) || versions=
	if complete && [[ $(<"$out/versions") == "$versions" ]]; then
		package_lists >"$out/lists"
		keep
	fi
	rm -rf "$out"/.work.* # of a build that was killed; nobody else is here under the lock
	work=$(mktemp -d "$out/.work.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	umask 022
}

# fetch PACKAGE… brings packages into their folder; those that are there already stay.
fetch() {
	mkdir -p "$out/packages"
	(cd "$out/packages" && apt-get -qq -o APT::Sandbox::User= download "$@" >&2)
}

# fetch_packages fetches what find_packages has found, or ends the script with the guest that is
# there when that cannot be.
fetch_packages() {
	say "fetching ${#packages[@]} packages"
	if ! fetch "${packages[@]}"; then
		# Old package lists name files that the archive has no more.
		if ((EUID == 0)) && apt-get -qq update >&2 && find_packages && versions=$(files_of_packages) && fetch "${packages[@]}"; then
			say "fetched them with fresh package lists"
		elif complete; then
			say "they cannot be fetched; keeping the guest that is there"
			keep
		else
			fail "the packages cannot be fetched"
		fi
	fi
	# Packages of earlier builds are not needed any more.
	find "$out/packages" -name '*.deb' -printf '%f\n' | grep -vxFf <(printf '%s\n' "$versions") |
		while read -r stale; do rm "$out/packages/$stale"; done || true
}

# extract PACKAGE FOLDER [PATTERN…] unpacks a fetched package, or the named parts of it.
extract() {
	local package=$1 folder=$2 file
	shift 2
	file=$(find "$out/packages" -name "${package}_*.deb" -print -quit)
	mkdir -p "$folder"
	if (($# == 0)); then
		dpkg-deb -x "$file" "$folder"
	else
		dpkg-deb --fsys-tarfile "$file" | tar -x -C "$folder" --wildcards "$@"
	fi
}

# extract_kernel PACKAGE TREE unpacks a fetched kernel and its modules.
extract_kernel() {
	extract "$1" "$2" './boot/vmlinuz-*' './lib/modules/*'
	depmod -b "$2" "$(kernel_version "$2")"
}

kernel_version() { basename "$(find "$1/lib/modules" -mindepth 1 -maxdepth 1 -print -quit)"; }

# module_files TREE MODULE… prints the files of modules and of those that they depend on, in the
# order of loading.
module_files() {
	local tree=$1 version module line path
	shift
	version=$(kernel_version "$tree")
	for module; do
		modprobe --dirname "$tree" --set-version "$version" --show-depends "$module" >"$work/depends" ||
			fail "the kernel $version has no module $module"
		while read -r line path _; do
			if [[ $line == insmod ]]; then echo "$path"; fi
		done <"$work/depends"
	done | awk '!seen[$0]++'
}

# pack_initrd ROOT FILE makes an initrd of a folder. The kernel's own initramfs brings
# /dev/console along, so no device has to be made here.
pack_initrd() {
	(cd "$1" && find . -print0 | LC_ALL=C sort -z | cpio --quiet --null -o -H newc --owner 0:0) >"$2"
}

# close_cache puts what was made into the folder, and prints it.
close_cache() {
	local file
	rm -f "$out/recipe"
	for file in "${made[@]}"; do
		chmod 0644 "$work/$file"
		mv "$work/$file" "$out/$file"
	done
	printf '%s\n' "$versions" >"$out/versions"
	package_lists >"$out/lists"
	recipe >"$out/recipe"
	say "ready in $out"
	echo "$out"
}
