package auth

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"vireo/internal/model"
)

// The fixed ids that are needed by name (api-v3 appendix C, api-v4 C.1 and C.3),
// in lower case like every id here; version 3 printed some in upper case.
const (
	// SuperUser is the role that may do everything.
	SuperUser model.ID = "00000000-0000-0000-0000-000000000001"
	// UserRole is the role of somebody who uses a VM.
	UserRole model.ID = "00000000-0000-0000-0001-000000000001"
	// UserVMManager is the role that the maker of a VM gets on it (api-v3 1.5).
	UserVMManager model.ID = "def00006-0000-0000-0000-def000000006"
	// TemplateOwner and DiskOperator are those of the maker of a template and of a
	// disk.
	TemplateOwner model.ID = "def0000a-0000-0000-0000-def00000000f"
	DiskOperator  model.ID = "def0000a-0000-0000-0000-def00000000b"
	// VNICProfileUser is the role of those who may connect VMs to a network by one of its
	// profiles.
	VNICProfileUser model.ID = "def0000a-0000-0000-0000-def000000010"
	// Everyone is the group that every user is in.
	Everyone model.ID = "eee00000-0000-0000-0000-123456789eee"
)

// PredefinedRoles makes the roles of a fresh engine, which nobody can change.
// The permits of each are in the order of their numbers.
func PredefinedRoles() []model.Role {
	roles := make([]model.Role, 0, len(predefined))
	for _, row := range predefined {
		roles = append(roles, model.Role{
			ID: row.id, Name: row.name, Description: row.description,
			Administrative: row.administrative, SeesChildren: row.children,
			Permits: permitsIn(row.permits),
		})
	}
	return roles
}

// permitsIn reads a list of permit numbers and ranges: "1-3 7". Ranges skip the
// numbers that do not exist; a single number that does not is a mistake of the
// table and panics, as does anything unreadable.
func permitsIn(list string) []model.Permit {
	var numbers []int
	for part := range strings.FieldsSeq(list) {
		first, last, isRange := strings.Cut(part, "-")
		low := mustNumber(first)
		if !isRange {
			if _, known := PermitNumbered(low); !known {
				panic(fmt.Sprintf("auth: no permit has the number %d", low))
			}
			numbers = append(numbers, low)
			continue
		}
		for number := low; number <= mustNumber(last); number++ {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	var names []model.Permit
	for _, number := range slices.Compact(numbers) {
		if facts, known := PermitNumbered(number); known {
			names = append(names, facts.Name)
		}
	}
	return names
}

func mustNumber(text string) int {
	number, err := strconv.Atoi(text)
	if err != nil {
		panic("auth: a permit number in the table of roles: " + err.Error())
	}
	return number
}
