// Package v4 is version 4 of the API, noun by noun: the shape of each representation,
// how a value of the model is shown in it (Show…), and how a representation that a
// client sent changes a value (Apply…).
//
// What version 4 spells in another way than version 3 is here and nowhere else: a
// status is a text, versions are elements, links to one object carry id and address
// alone. Within a shape plain elements come before links, each in the order of the
// alphabet (api-v4 2.2). The package knows the model and the codec's tags; it must not
// know HTTP, and it decides nothing.
//
// Start reading at [Resource] and [Page] (resource.go, page.go).
package v4
