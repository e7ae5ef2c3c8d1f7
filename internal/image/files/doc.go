// Package files keeps storage domains as directories in oVirt's own layout
// (api-v3 3.12, "Export domain on disk") and makes disk images with qemu-img.
//
// It knows directories, formats and the tool; it has not heard of VMs and
// remembers nothing between calls. Whatever lies in a domain may have been put
// there by somebody hostile: images are opened only in their declared format and
// only after their headers have been looked at, names never lead out of the
// domain, and the tool runs with little memory and little time.
//
// Start reading at [Files] (files.go), then layout.go, volume.go, inspect.go and copy.go.
package files
