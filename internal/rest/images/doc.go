// Package images is the data endpoint of image transfers, below /images/ (api-v4 7.2):
// the content of a disk is read and written in ranges by whoever has the ticket, over
// as many connections as they like.
//
// It knows sessions (engine/transfers) and the ranges of HTTP, and nothing of the API:
// what it answers to a refusal is one line of text. Each request is served with one
// buffer, whatever its length, and a client that is too slow to fill or to empty it is
// cut off.
//
// Start reading at [Server.ServeHTTP] (server.go).
package images
