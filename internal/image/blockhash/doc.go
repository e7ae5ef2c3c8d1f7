// Package blockhash makes the checksum by which clients and servers of image transfers
// compare images: that of the checksums of the image's blocks. A block of zeros costs
// nothing, wherever its zeros come from, so that sparse images are compared quickly.
//
// It knows bytes only. Start reading at [Kind].
package blockhash
