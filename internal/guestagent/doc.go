// Package guestagent is the protocol between an engine and its agent inside a guest
// (api-v3 3.8): one JSON object in a line each way, its member __name__ being what the
// message is. It knows no channel, no host and no clock.
//
// Nothing that a guest says is trusted. A line has a longest length, and all long lines
// together too; lists and texts are cut; what a line cannot be read of is an error of that
// line alone.
//
// Start reading at [Reader], which makes a report of what an agent says; [Login] and the
// others are what it is told.
package guestagent
