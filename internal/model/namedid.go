package model

import (
	"crypto/md5" //nolint:gosec // ids are name-based UUIDs of version 3, which are MD5 by definition

	"github.com/google/uuid"
)

// NamedID makes the id that belongs to a name everywhere: a UUID of version 3
// without a namespace (api-v3 2.6).
func NamedID(name string) ID {
	sum := md5.Sum([]byte(name)) //nolint:gosec // see the import
	sum[6] = sum[6]&0x0f | 0x30
	sum[8] = sum[8]&0x3f | 0x80
	return ID(uuid.UUID(sum).String())
}
