// Package ldap asks LDAP servers, Active Directory among them, for the users and
// groups of a domain, and whether a password is right.
//
// It keeps no connection and remembers nothing but which server did not answer: each
// question dials, asks and hangs up, within a bounded time, at the first of several
// servers that answers. Passwords travel encrypted, or to this machine only.
// Referrals are not followed. What a server says is not trusted further than the
// account that searches: names are checked and answers are bounded.
//
// Start reading at [Directory.Authenticate] (authenticate.go).
package ldap
