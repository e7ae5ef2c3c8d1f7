package server

import (
	"context"

	"vireo/internal/storagecheck"
)

// CheckStorage compares what is recorded with what lies in the storage domains. It
// changes nothing, and may be called while the engine works.
func (s *Server) CheckStorage(ctx context.Context) (storagecheck.Report, error) {
	images, err := s.images()
	if err != nil {
		return storagecheck.Report{}, err
	}
	return storagecheck.Check(ctx, s.Inventory, images)
}
