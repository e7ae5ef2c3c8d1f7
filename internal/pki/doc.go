// Package pki keeps the certificate that the server shows: one issued by the
// engine's own authority and renewed by itself, or the operator's own, read
// again when its files change.
//
// It knows files, keys and a clock. It must not know what is served, nor the
// rest of Vireo. It starts nothing by itself: renewal happens on a handshake or
// when [Source.Refresh] is called, which the program does now and then so that
// an engine nobody talks to stays fresh too.
//
// Beside that it keeps what the engine shows to hosts: a client's certificate of the
// same authority ([Client]), and a key for ssh ([SSHKey]); and it makes what a host
// needs to be reached by TLS ([ForHost]).
//
// Start reading at [Source] (source.go), then [Open] (keeper.go) for the
// engine's own and [OpenFiles] (files.go) for the operator's.
package pki
