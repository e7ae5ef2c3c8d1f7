// Package ldaptest gives tests a real slapd of their own, with people and groups in
// it, on loopback addresses, with a certificate of an authority made for it.
//
// A machine without slapd fails the tests; Debian's package is slapd.
//
// Start reading at [Start].
package ldaptest
