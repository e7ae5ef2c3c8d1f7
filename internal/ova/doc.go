// Package ova writes and reads OVA archives: a tar file with a description (an .ovf
// file) and the images of disks, and perhaps a manifest of checksums (DMTF DSP0243).
//
// It knows where the members lie and what they are called, and nothing of what is in
// them: the description is read by package ovf, and the images by package image, out of
// the archive itself. Nothing is ever unpacked, so names of members make no paths.
//
// Archives come from strangers. What is not a plain list of files is refused: see
// [Read]. All errors that are the archive's fault wrap [ErrInvalid].
//
// Start reading at [Read] and [Lay].
package ova
