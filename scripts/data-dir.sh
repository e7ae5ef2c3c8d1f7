# Sourced: sets data_dir to where the engine of this user keeps its state.
# shellcheck shell=bash disable=SC2034
if [[ -n ${VIREO_DATA_DIR:-} ]]; then
	data_dir=$VIREO_DATA_DIR
elif ((EUID == 0)); then
	data_dir=/var/lib/vireo
else
	data_dir=${XDG_DATA_HOME:-$HOME/.local/share}/vireo
fi
data_dir=$(realpath --no-symlinks --canonicalize-missing "$data_dir")
