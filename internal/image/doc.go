// Package image is the port to storage domains: where disk images and ISO files
// live and what can be done to them.
//
// It knows paths and formats and nothing of VMs. image/files keeps domains as
// directories in oVirt's own layout (api-v3 3.12) and uses qemu-img; imagetest
// states the promises.
//
// Start reading at [Images].
package image
