# Sourced by the scripts that change the machine. Says who may, and does it as root.
# shellcheck shell=bash

# as_root COMMAND… runs a command as root: directly, or through sudo.
# Through sudo a password is asked for only where somebody is there to type it.
as_root() {
	if ((EUID == 0)); then
		"$@"
	elif [[ -t 0 ]]; then
		sudo -- "$@"
	else
		sudo --non-interactive -- "$@"
	fi
}

# can_be_root tells whether as_root has a chance.
can_be_root() {
	((EUID == 0)) && return 0
	command -v sudo >/dev/null || return 1
	[[ -t 0 ]] || sudo --non-interactive true 2>/dev/null
}
