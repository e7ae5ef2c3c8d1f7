// Package engine is where things happen: the one way in which a command is
// accepted, run and settled, and the views through which everything is read.
//
// Its rooms hold the verbs: engine/vms, engine/disks, engine/nics and so on
// supply the rows of the command table; engine/watch keeps the connections to
// hosts and turns what they say into statuses. The engine knows neither HTTP
// nor libvirt nor SQL.
//
// Start reading at [Command] (command.go), then [Engine.Act] (act.go).
package engine
