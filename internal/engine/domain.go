package engine

import (
	"vireo/internal/auth"
	"vireo/internal/model"
)

// InternalDomain is the domain of the users that the engine keeps itself. It is
// listed with the others and kept nowhere, for nothing of it can be changed.
func InternalDomain() *model.Domain {
	return &model.Domain{
		ID: model.DomainID(auth.Internal), Name: auth.Internal, Description: "The users of the engine itself",
	}
}
