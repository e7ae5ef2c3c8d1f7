// Package enginetest is a bench for tests of commands: a whole engine with its
// database and directories, on a fake host in memory, that can be killed at any
// step of a job and started again on what it left.
//
// A [Bench] is made by [New]; [Bench.Must] and [Bench.Refused] run commands;
// [DieEverywhere] kills the engine at every point of a job in turn. At the end
// of each test the bench looks for what must never be: a guest that ran twice, a
// disk with two writers, a job that hangs, a disk left locked.
//
// It runs in real time. Start reading at [New] (bench.go).
package enginetest
