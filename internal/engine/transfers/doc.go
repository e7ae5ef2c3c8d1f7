// Package transfers is the room of image transfers: the rows of the command table by
// which clients write and read the content of disks (api-v4 7.1), and the sessions in
// which they move the bytes.
//
// A transfer is a job. It has the disk locked, and waits for the client: until it
// finalizes or cancels, or is silent for too long. The other commands only write the
// phase that they want, which the job sees. While a transfer is in the phase
// transferring there is a [Session] for its ticket, which rest/images serves.
//
// The package knows nothing of HTTP. Start reading at [Room.Commands] (commands.go),
// then [Room.transfer] (transfer.go).
package transfers
