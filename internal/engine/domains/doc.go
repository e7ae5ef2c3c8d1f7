// Package domains is the room of domains: the rows of the command table by which
// an operator keeps Windows domains that guests join, with the account that
// joins them.
//
// Passwords come here sealed (package vault) and are looked at by nobody; what a
// password may be is said by [CheckPassword], before it is sealed.
//
// Start reading at [Commands] (commands.go).
package domains
