// Package v3 is version 3 of the API, noun by noun: the shape of each
// representation, how a value of the model is shown in it (Show…), and how a
// representation that a client sent changes a value (Apply, Read…).
//
// The order of a shape's fields is the order of the 3.6 schema, which clients
// validate against. What version 3 spells differently from the model (a status
// in an element of its own, architectures in upper case) is here and nowhere
// else. The package knows the model and the codec's tags; it must not know HTTP,
// and it decides nothing: whether a name is free or a VM may be changed is the
// engine's business.
//
// Start reading at [Resource] and [Page] (resource.go, page.go), then at [VM]
// (vm.go, vm_show.go, vm_apply.go). What only a guest is to learn goes through
// secret.go, on its way in and out.
package v3
