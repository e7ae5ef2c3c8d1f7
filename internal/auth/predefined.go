package auth

import "vireo/internal/model"

// predefinedRole is a row of the table: what holders may do as permit numbers
// and ranges, as permitsIn reads them.
type predefinedRole struct {
	id             model.ID
	name           string
	administrative bool
	children       bool
	permits        string
	description    string
}

// predefined are the roles of api-v4 C.3; those of version 3 are among them.
// Permits that version 3 did not have stay in the roles, since both versions
// show the same objects.
var predefined = []predefinedRole{
	{
		SuperUser, "SuperUser", true, true,
		"1-15 17-1668",
		"May do everything, everywhere.",
	},
	{
		UserRole, "UserRole", false, true,
		"5 7 17 18 19 21 22 23 303 1106 1300",
		"Runs and uses virtual machines and pools.",
	},
	{
		"00000000-0000-0000-0001-000000000002", "PowerUserRole", false, false,
		"1 200 1100 1106 1300 1563 1665-1668",
		"Makes virtual machines, templates and disks of their own.",
	},
	{
		UserVMManager, "UserVmManager", false, true,
		"1 2 3 5 7 9 10 12 17 18 19 21 22 23 502 503 1100 1101 1102 1104 1108 1109 1110 1300 1664 1668",
		"Owns a virtual machine: uses, changes, removes and shares it.",
	},
	{
		"def00006-0000-0000-0000-def000000011", "UserVmRunTimeManager", false, false,
		"1 2 3 5 7 9 10 17 18 19 21 22 23 502 503 1100 1101 1102 1104 1108 1109 1110 1300 1668",
		"Owns a virtual machine, but not its snapshots.",
	},
	{
		"def00012-0000-0000-0000-def000000012", "UserInstanceManager", false, false,
		"2 3 5 7 10 12 17 18 19 21 22 23 502 503 1100 1101 1102 1104 1108 1109 1110 1300 1664",
		"Owns a virtual machine that was made from an instance type.",
	},
	{
		"def00011-0000-0000-0000-def000000011", "InstanceCreator", false, false,
		"16 1100 1300",
		"Makes virtual machines from instance types.",
	},
	{
		"def00009-0000-0000-0000-def000000009", "UserTemplateBasedVm", false, false,
		"1 1668",
		"Makes virtual machines from a template.",
	},
	{
		"def0000a-0000-0000-0000-def00000000d", "VmCreator", false, false,
		"1 1100 1300 1668",
		"Makes virtual machines.",
	},
	{
		"def0000a-0000-0000-0000-def00000000e", "TemplateCreator", false, false,
		"200 1300",
		"Makes templates.",
	},
	{
		TemplateOwner, "TemplateOwner", false, true,
		"201 202 203 204 502 503 1300",
		"Owns a template: changes, copies, removes and shares it.",
	},
	{
		DiskOperator, "DiskOperator", false, true,
		"502 503 1100 1101 1102 1104 1108 1109 1110 1300",
		"Owns a disk: attaches, changes, removes and shares it.",
	},
	{
		"def0000a-0000-0000-0000-def00000000c", "DiskCreator", false, false,
		"1100 1300",
		"Makes disks.",
	},
	{
		"def00020-0000-0000-0000-abc000000010", "DiskProfileUser", false, false,
		"1563",
		"Uses a disk profile.",
	},
	{
		"def0000a-0000-0000-0000-def000000010", "VnicProfileUser", false, false,
		"9 204 1300",
		"Connects virtual machines and templates to a network.",
	},
	{
		"def0000a-0000-0000-0000-def00000000a", "QuotaConsumer", false, false,
		"901",
		"Uses what a quota grants.",
	},
	{
		"def00014-0000-0000-0000-def000000014", "MacPoolUser", false, true,
		"1300 1663",
		"Uses a MAC address pool.",
	},
	{
		"def00017-0000-0000-0000-def000000017", "CpuProfileOperator", false, false,
		"1668",
		"Uses a CPU profile.",
	},
	{
		"def00021-0000-0000-0000-def000000015", "UserProfileEditor", false, false,
		"504",
		"Changes their own profile.",
	},
	{
		"def0000c-0000-0000-0000-def000000000", "ExternalEventsCreator", false, false,
		"1400",
		"Adds events from outside.",
	},
	{
		"def0000d-0000-0000-0000-def000000000", "ExternalTasksCreator", false, false,
		"1500",
		"Adds jobs from outside.",
	},
	{
		"def00001-0000-0000-0000-def000000001", "ClusterAdmin", true, true,
		"1-12 14-15 17-23 100-104 300-303 400-403 502 503 1100-1104 1107-1110 1300-1304 1550 1563 1665-1668",
		"Administers clusters with their hosts and virtual machines.",
	},
	{
		"def00002-0000-0000-0000-def000000002", "DataCenterAdmin", true, true,
		"1-12 14-15 17-23 100-104 200-205 300-303 400-403 404 502 503 700-705 900 901 1100-1104 1105 1107-1110 1203-1205 1300-1304 1550 1563 1663 1665-1668",
		"Administers data centers with all that is in them, except storage.",
	},
	{
		"def00003-0000-0000-0000-def000000003", "StorageAdmin", true, true,
		"600-603 1100-1104 1106-1110 1300-1304 1560-1563",
		"Administers storage domains and disks.",
	},
	{
		"def00004-0000-0000-0000-def000000004", "HostAdmin", true, true,
		"100-104 600-603 1300-1304 1560-1563",
		"Administers hosts.",
	},
	{
		"def00005-0000-0000-0000-def000000005", "NetworkAdmin", true, true,
		"9 104 204 403 404 703-705 1203-1205 1300-1304",
		"Administers networks.",
	},
	{
		"def00007-0000-0000-0000-def000000007", "VmPoolAdmin", true, true,
		"1 300-303 1300-1304 1668",
		"Administers pools of virtual machines.",
	},
	{
		"def00008-0000-0000-0000-def000000008", "TemplateAdmin", true, true,
		"200-205 502 503 1106 1300-1304",
		"Administers templates.",
	},
	{
		"def0000b-0000-0000-0000-def00000000b", "GlusterAdmin", true, true,
		"100-104 400-404 1000-1004 1300-1304",
		"Administers Gluster volumes and their hosts.",
	},
	{
		"def0000c-0000-0000-0000-def00000000c", "ReadOnlyAdmin", true, true,
		"1300",
		"Sees everything and changes nothing.",
	},
	{
		"def00013-0000-0000-0000-def000000013", "MacPoolAdmin", true, true,
		"1300 1660-1663",
		"Administers MAC address pools.",
	},
	{
		"def00030-0000-0000-0000-def000000011", "VmImporterExporter", true, true,
		"8 1300 1563 1668",
		"Imports and exports virtual machines.",
	},
	{
		"def00016-0000-0000-0000-def000000016", "CpuProfileCreator", true, false,
		"1665-1668",
		"Administers CPU profiles.",
	},
	{
		"def00011-0000-0000-0000-def000000013", "TagManager", true, false,
		"1300 1301 1304",
		"Administers tags.",
	},
	{
		"def00011-0000-0000-0000-def000000014", "BookmarkManager", true, false,
		"1300 1302 1304",
		"Administers bookmarks.",
	},
	{
		"def00011-0000-0000-0000-def000000015", "EventNotificationManager", true, false,
		"1300 1303 1304",
		"Administers who is told of events.",
	},
	{
		"def00011-0000-0000-0000-def000000016", "AuditLogManager", true, false,
		"1300 1304",
		"Administers the event log.",
	},
}
