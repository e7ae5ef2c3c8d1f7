// Package seed turns what a guest shall be told at its start into the bytes of
// an image: cloud-init data into a config drive, Windows answers into a floppy
// with an answer file, plain files into either.
//
// It is pure: values in, bytes out, the same bytes for the same values. There is
// no clock, no file, no network, and nothing of the rest of Vireo. Values here
// are plaintext in memory: passwords and keys. The types that hold them print
// nothing of them, and errors name the element and a bad value that is no secret.
//
// Start reading at [CloudInit] (cloudinit.go) and [Answers] (answers.go); [ISO]
// and [Floppy] write the images. docs/cloud-init.md says for operators what a
// guest gets; docs/decisions/seed-images.md why the images are written here.
package seed
