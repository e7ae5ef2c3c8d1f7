// Package consoles is the way of bytes between the viewer of a console and the guest:
// WebSockets at /console/{vm}/vnc, which speaks the protocol of VNC, and at
// /console/{vm}/serial, which carries what a terminal types and shows. Each takes a pass
// that the API has given (docs/consoles.md).
//
// It knows connections (engine/consoles) and WebSockets, and nothing of the API. Why a
// connection has ended is the reason in the last frame.
//
// Start reading at [Server.ServeHTTP] (server.go).
package consoles
