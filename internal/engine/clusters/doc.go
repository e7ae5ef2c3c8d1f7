// Package clusters is the room of clusters and data centers: the rows of the command
// table by which an operator adds and removes what hosts and storage belong to. What
// else is changed of a data center is in package networks.
//
// Start reading at [Commands] (commands.go).
package clusters
