// Package web holds the pages that are built in to the program. They are clients of the
// API like any other: this package serves their files, the same to everybody, and knows
// nothing else.
//
// files/novnc is the part of noVNC that runs in the page of a console, as its authors
// have published it, under the Mozilla Public License 2.0 (files/novnc/LICENSE.txt).
//
// Start reading at [ServeHTTP] (web.go), then files/console.js.
package web
