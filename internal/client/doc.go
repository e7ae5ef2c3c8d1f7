// Package client speaks version 4 of the API from outside, as the commands that move
// disks and that show a serial console do: it logs in with a token, makes disks and
// image transfers, and moves the bytes over several connections, which it takes up again
// when they break.
//
// It knows nothing of the engine but what the API says, and any engine that serves the
// API will do. Start reading at [Session] (session.go), then [Session.Upload],
// [Session.Download] and [Session.Serial].
package client
