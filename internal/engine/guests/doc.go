// Package guests speaks with the engine's own agents inside guests (api-v3 3.8), beside
// qemu-guest-agent, which the hosts speak with: of each guest that runs, on whatever host, it
// keeps the one channel open that there is, hands what the agent says to the engine's view of
// the guest, and passes on to it what the engine wants done.
//
// A channel costs no goroutine and no connection of its own: the host's driver calls when
// something comes (host.Channels). What an agent says is looked at once a second, however
// often it says it, and none of it is ever written to the database. Nothing of what it says
// is trusted but to be shown; one that says far too much is not listened to for a while.
//
// Start reading at [Room].
package guests
