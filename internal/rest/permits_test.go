package rest_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/server"
)

var update = flag.Bool("update", false, "write the golden files anew")

// requestsOf is how each row of the command table is called over HTTP, so that it does no
// harm if it is permitted: what a permit is asked for before is in order, and
// what follows refuses, or changes nothing that matters. VM stands for a VM in a
// status that allows nearly nothing, DISK and NIC for what it has. An empty method
// is a row that has no route.
var requestsOf = map[string][3]string{
	"vm.start": {}, "vm.stop": {}, // actions are called by their names
	"vm.add":              {"POST", "/api/vms", "<vm><name>web</name><cluster><name>Default</name></cluster><template><name>Blank</name></template></vm>"},
	"vm.update":           {"PUT", "/api/vms/VM", "<vm><description>seen</description></vm>"},
	"vm.remove":           {"DELETE", "/api/vms/VM", ""},
	"disk.add":            {"POST", "/api/disks", "<disk><alias>d</alias><provisioned_size>1</provisioned_size><interface>virtio</interface><format>cow</format><sparse>false</sparse><storage_domains><storage_domain id=\"DOMAIN\"/></storage_domains></disk>"},
	"disk.attach":         {"POST", "/api/vms/VM/disks", `<disk id="DISK"/>`},
	"disk.detach":         {"DELETE", "/api/vms/VM/disks/DISK", "<action><detach>true</detach></action>"},
	"disk.update":         {"PUT", "/api/vms/VM/disks/DISK", "<disk><alias>d</alias></disk>"},
	"disk.remove":         {"DELETE", "/api/vms/VM/disks/DISK", ""},
	"nic.add":             {"POST", "/api/vms/VM/nics", "<nic><name>nic1</name><network><name>ovirtmgmt</name></network></nic>"},
	"nic.update":          {"PUT", "/api/vms/VM/nics/NIC", "<nic><name>nic1</name></nic>"},
	"nic.remove":          {"DELETE", "/api/vms/VM/nics/NIC", ""},
	"cdrom.update":        {"PUT", "/api/vms/VM/cdroms/00000000-0000-0000-0000-000000000000", `<cdrom><file id=""/></cdrom>`},
	"cdrom.remove":        {"DELETE", "/api/vms/VM/cdroms/00000000-0000-0000-0000-000000000000", ""},
	"tag.add":             {"POST", "/api/tags", "<tag><name>red</name></tag>"},
	"tag.update":          {"PUT", "/api/tags/TAG", "<tag><name>red</name></tag>"},
	"tag.remove":          {"DELETE", "/api/tags/00000000-0000-0000-0000-000000000000", ""},
	"tag.attach":          {"POST", "/api/vms/VM/tags", `<tag id="TAG"/>`},
	"tag.detach":          {"DELETE", "/api/vms/VM/tags/TAG", ""},
	"cluster.update":      {"PUT", "/api/clusters/CLUSTER", "<cluster><name>Default</name></cluster>"},
	"user.add":            {"POST", "/api/users", "<user><user_name>nobody@internal</user_name></user>"},
	"user.remove":         {"DELETE", "/api/users/SELF", ""},
	"group.add":           {"POST", "/api/groups", "<group><name>nobody@internal</name></group>"},
	"group.remove":        {"DELETE", "/api/groups/eee00000-0000-0000-0000-123456789eee", ""},
	"role.add":            {"POST", "/api/roles", `<role><name>UserRole</name><permits><permit id="22"/></permits></role>`},
	"role.update":         {"PUT", "/api/roles/00000000-0000-0000-0001-000000000001", "<role><name>x</name></role>"},
	"role.remove":         {"DELETE", "/api/roles/00000000-0000-0000-0001-000000000001", ""},
	"permission.add":      {"POST", "/api/vms/VM/permissions", `<permission><role id="00000000-0000-0000-0001-000000000001"/><group id="eee00000-0000-0000-0000-123456789eee"/></permission>`},
	"permission.remove":   {"DELETE", "/api/vms/VM/permissions/ADMINS", ""},
	"vm.proxyticket":      {"POST", "/api/vms/VM/graphicsconsoles/564e43/proxyticket", "<action/>"},
	"vm.clone":            {"POST", "/api/vms/VM/clone", "<action><vm><name>web</name></vm></action>"},
	"vm.preview_snapshot": {"POST", "/api/vms/VM/preview_snapshot", `<action><snapshot id="SNAPSHOT"/></action>`},
	"vm.move":             {"POST", "/api/vms/VM/move", `<action><storage_domain id="ISO"/></action>`},
	"disk.copy":           {"POST", "/api/disks/DISK/copy", `<action><storage_domain id="ISO"/></action>`},
	"disk.move":           {"POST", "/api/disks/DISK/move", `<action><storage_domain id="ISO"/></action>`},
	"template.add":        {"POST", "/api/templates", `<template><name>t</name><vm id="VM"/></template>`},
	"template.update":     {"PUT", "/api/templates/00000000-0000-0000-0000-000000000000", "<template><description>x</description></template>"},
	"template.remove":     {"DELETE", "/api/templates/00000000-0000-0000-0000-000000000000", ""},
	"snapshot.add":        {"POST", "/api/vms/VM/snapshots", "<snapshot><description>s</description></snapshot>"},
	"snapshot.remove":     {"DELETE", "/api/vms/VM/snapshots/SNAPSHOT", ""},
	"snapshot.restore":    {"POST", "/api/vms/VM/snapshots/SNAPSHOT/restore", "<action/>"},
	"disk.register":       {"POST", "/api/storagedomains/DOMAIN/disks;unregistered=true", `<disk id="DISK"/>`},
	"vm.export":           {"POST", "/api/vms/VM/export", `<action><storage_domain id="DOMAIN"/></action>`},
	"template.export":     {"POST", "/api/templates/00000000-0000-0000-0000-000000000000/export", `<action><storage_domain id="DOMAIN"/></action>`},

	"vm.export_ova":            {"POST", "/ovirt-engine/api/v4/vms/VM/export", `<action><directory>.</directory></action>`},
	"template.export_ova":      {"POST", "/ovirt-engine/api/v4/templates/00000000-0000-0000-0000-000000000000/export", `<action><directory>.</directory></action>`},
	"external_vm.import":       {"POST", "/ovirt-engine/api/v4/externalvmimports", `<external_vm_import><url>ova://absent.ova</url><cluster id="CLUSTER"/><storage_domain id="DOMAIN"/></external_vm_import>`},
	"external_template.import": {"POST", "/ovirt-engine/api/v4/externaltemplateimports", `<external_template_import><url>ova://absent.ova</url><cluster id="CLUSTER"/><storage_domain id="DOMAIN"/></external_template_import>`},

	"exported_vm.import":       {"POST", "/api/storagedomains/DOMAIN/vms/VM/import", `<action><cluster id="CLUSTER"/><storage_domain id="DOMAIN"/></action>`},
	"exported_template.import": {"POST", "/api/storagedomains/DOMAIN/templates/VM/import", `<action><cluster id="CLUSTER"/><storage_domain id="DOMAIN"/></action>`},
	// A domain that holds nothing to register: in others, what is there would be told from what is not.
	"exported_vm.register":       {"POST", "/api/storagedomains/ISO/vms/VM/register", `<action><cluster id="CLUSTER"/></action>`},
	"exported_template.register": {"POST", "/api/storagedomains/ISO/templates/VM/register", `<action><cluster id="CLUSTER"/></action>`},
	"exported_vm.remove":         {"DELETE", "/api/storagedomains/DOMAIN/vms/VM", ""},
	"exported_template.remove":   {"DELETE", "/api/storagedomains/DOMAIN/templates/VM", ""},

	"cluster.add":        {"POST", "/api/clusters", `<cluster><name>Default</name><data_center id="CENTER"/><version major="3" minor="6"/><cpu id=""/></cluster>`},
	"cluster.remove":     {"DELETE", "/api/clusters/CLUSTER", ""},
	"data_center.add":    {"POST", "/api/datacenters", "<data_center><name>Default</name><local>false</local></data_center>"},
	"data_center.remove": {"DELETE", "/api/datacenters/CENTER", ""},

	"host.add":    {"POST", "/api/hosts", `<host><name>local</name><address>fake://local</address><cluster id="CLUSTER"/></host>`},
	"host.update": {"PUT", "/api/hosts/HOST", "<host><comment>seen</comment></host>"},
	"host.remove": {"DELETE", "/api/hosts/HOST", ""},
	// HOST is up, and the other one in maintenance: none of these is for such a host.
	"host.activate":      {"POST", "/api/hosts/HOST/activate", "<action/>"},
	"host.deactivate":    {"POST", "/api/hosts/HOST/deactivate", "<action><reason>" + strings.Repeat("x", 2000) + "</reason></action>"},
	"host.refresh":       {"POST", "/api/hosts/" + string(lettingIn) + "/refresh", "<action/>"},
	"host.fence":         {"POST", "/api/hosts/HOST/fence", "<action><fence_type>start</fence_type></action>"},
	"host.adopt":         {"POST", "/api/hosts/" + string(lettingIn) + "/adopt", "<action><vm><name>nobody</name></vm></action>"},
	"vm_pool.add":        {"POST", "/api/vmpools", `<vmpool><name>p</name><cluster id="CLUSTER"/><template id="00000000-0000-0000-0000-000000000000"/></vmpool>`},
	"vm_pool.update":     {"PUT", "/api/vmpools/DESKS", "<vmpool><comment>seen</comment></vmpool>"},
	"vm_pool.remove":     {"DELETE", "/api/vmpools/DESKS", ""},
	"vm_pool.allocatevm": {"POST", "/api/vmpools/DESKS/allocatevm", "<action/>"},
	"vm.detach":          {"POST", "/api/vms/MEMBER/detach", "<action/>"},

	"storage_domain.add":        {"POST", "/api/storagedomains", `<storage_domain><name>local-data</name><type>data</type><host id="HOST"/><storage><type>localfs</type><path>relative</path></storage></storage_domain>`},
	"storage_domain.update":     {"PUT", "/api/storagedomains/DOMAIN", "<storage_domain><comment>seen</comment></storage_domain>"},
	"storage_domain.remove":     {"DELETE", "/api/storagedomains/DOMAIN", `<storage_domain><host id="HOST"/></storage_domain>`},
	"storage_domain.attach":     {"POST", "/api/datacenters/CENTER/storagedomains", `<storage_domain id="DOMAIN"/>`},
	"storage_domain.detach":     {"DELETE", "/api/datacenters/CENTER/storagedomains/DOMAIN", ""},
	"storage_domain.activate":   {"POST", "/api/datacenters/CENTER/storagedomains/DOMAIN/activate", "<action/>"},
	"storage_domain.deactivate": {"POST", "/api/datacenters/CENTER/storagedomains/DOMAIN/deactivate", "<action/>"},

	"image_transfer.add":      {"POST", "/ovirt-engine/api/v4/imagetransfers", `<image_transfer><disk id="DISK"/><direction>upload</direction></image_transfer>`},
	"image_transfer.extend":   {"POST", "/ovirt-engine/api/v4/imagetransfers/TRANSFER/extend", "<action/>"},
	"image_transfer.pause":    {"POST", "/ovirt-engine/api/v4/imagetransfers/TRANSFER/pause", "<action/>"},
	"image_transfer.resume":   {"POST", "/ovirt-engine/api/v4/imagetransfers/TRANSFER/resume", "<action/>"},
	"image_transfer.cancel":   {"POST", "/ovirt-engine/api/v4/imagetransfers/TRANSFER/cancel", "<action/>"},
	"image_transfer.finalize": {"POST", "/ovirt-engine/api/v4/imagetransfers/TRANSFER/finalize", "<action/>"},

	"network.add":           {"POST", "/api/networks", `<network><name>ovirtmgmt</name><data_center id="CENTER"/></network>`},
	"network.update":        {"PUT", "/api/networks/MGMT", "<network><comment>seen</comment></network>"},
	"network.remove":        {"DELETE", "/api/networks/MGMT", ""},
	"network.attach":        {"POST", "/api/clusters/CLUSTER/networks", `<network id="MGMT"/>`},
	"network.edit_attached": {"PUT", "/api/clusters/CLUSTER/networks/MGMT", "<network><required>false</required></network>"},
	"network.detach":        {"DELETE", "/api/clusters/CLUSTER/networks/MGMT", ""},
	"vnic_profile.add":      {"POST", "/api/networks/MGMT/vnicprofiles", "<vnic_profile><name>ovirtmgmt</name></vnic_profile>"},
	"vnic_profile.update":   {"PUT", "/api/vnicprofiles/PROFILE", "<vnic_profile><description>seen</description></vnic_profile>"},
	"vnic_profile.remove":   {"DELETE", "/api/vnicprofiles/PROFILE", ""},
	"mac_pool.add":          {"POST", "/api/macpools", "<mac_pool><name>Default</name><ranges><range><from>02:00:00:00:00:00</from><to>02:00:00:00:00:01</to></range></ranges></mac_pool>"},
	"mac_pool.update":       {"PUT", "/api/macpools/POOL", "<mac_pool><description>seen</description></mac_pool>"},
	"mac_pool.remove":       {"DELETE", "/api/macpools/POOL", ""},
	"data_center.update":    {"PUT", "/api/datacenters/CENTER", "<data_center><comment>seen</comment></data_center>"},

	"network_attachment.add":    {"POST", "/api/hosts/HOST/networkattachments", `<network_attachment><network id="MGMT"/><host_nic><name>eth0</name></host_nic></network_attachment>`},
	"network_attachment.update": {"PUT", "/api/hosts/HOST/networkattachments/ATTACHMENT", `<network_attachment><host_nic><name>eth0</name></host_nic></network_attachment>`},
	"network_attachment.remove": {"DELETE", "/api/hosts/HOST/networkattachments/OTHER", ""},

	"affinity_group.add":    {"POST", "/api/clusters/CLUSTER/affinitygroups", "<affinity_group><name>together</name><positive>true</positive><enforcing>true</enforcing></affinity_group>"},
	"affinity_group.update": {"PUT", "/api/clusters/CLUSTER/affinitygroups/AFFINE", "<affinity_group><name>together</name></affinity_group>"},
	"affinity_group.remove": {"DELETE", "/api/clusters/CLUSTER/affinitygroups/AFFINE", ""},
	"affinity_group.attach": {"POST", "/api/clusters/CLUSTER/affinitygroups/AFFINE/vms", `<vm id="VM"/>`},
	"affinity_group.detach": {"DELETE", "/api/clusters/CLUSTER/affinitygroups/AFFINE/vms/VM", ""},

	"option.set":       {},
	"domain.add":       {},
	"domain.update":    {},
	"domain.remove":    {},
	"user.account_add": {}, "user.account_password": {}, "user.account_disable": {}, "user.account_enable": {}, "user.account_remove": {},
}

// walk is a system with one of everything, and a user for each predefined role.
type walk struct {
	*edge
	words  *strings.Replacer
	levels []level
	seen   []level
}

// level is an object that roles are given on, with what it is called.
type level struct {
	name string
	ref  model.Ref
}

func newWalk(t *testing.T) *walk {
	e := newEdge(t)
	vm := e.addVM("web")
	disk := idIn(t, e.want(202, "POST", "/api/vms/"+vm+"/disks", `<disk><alias>d</alias><provisioned_size>1048576</provisioned_size><interface>virtio</interface><format>raw</format></disk>`))
	e.wait("/api/disks/"+disk, "<state>ok</state>")
	nic := idIn(t, e.want(201, "POST", "/api/vms/"+vm+"/nics", "<nic><name>nic1</name><network><name>ovirtmgmt</name></network></nic>"))
	tag := idIn(t, e.want(201, "POST", "/api/tags", "<tag><name>red</name></tag>"))
	admins := e.give("/api/vms/"+vm, string(server.Administrator), "UserRole")
	e.edit(func(tx *inventory.Tx) {
		edited, _ := tx.VMs.Edit(model.ID(vm))
		engine.SetStatus(edited, model.StatusImageLocked, "")
		tx.Snapshots.Put(&model.Snapshot{
			ID: lettingIn, VM: edited.ID, Description: "s", Type: model.SnapshotRegular, Status: model.SnapshotOK, Config: edited.VMConfig,
		})
		tx.Hosts.Put(&model.Host{ID: lettingIn, Name: "away", Address: "fake://away", Cluster: server.DefaultCluster, Status: model.HostMaintenance})
		pooled := model.Clone(edited)
		pooled.ID, pooled.Name, pooled.Pool, pooled.Disks, pooled.NICs = member, "member", lettingIn, nil, nil
		engine.SetStatus(pooled, model.StatusUp, "")
		tx.VMs.Put(pooled)
		tx.VMPools.Put(&model.VMPool{ID: lettingIn, Name: "pool", Cluster: edited.Cluster, Template: model.BlankID, Type: model.VMPoolAutomatic, MaxUserVMs: 1})
		tx.AffinityGroups.Put(together(model.ID(vm)))
		tx.ImageTransfers.Put(&model.ImageTransfer{
			ID: lettingIn, Disk: model.ID(disk), Direction: model.TransferUpload, Phase: model.TransferFinishedSuccess, Ended: time.Now(),
		})
	})
	domain := string(e.engine.Inventory.StorageDomains.Named("local-data")[0].ID)
	host := e.engine.Inventory.Hosts.Named("local")[0].ID
	attached := attachments(e, host)
	w := &walk{edge: e, words: strings.NewReplacer(
		"VM", vm, "DISK", disk, "NIC", nic, "TAG", tag, "ADMINS", admins, "SELF", string(server.Administrator), "DOMAIN", domain,
		"MGMT", string(server.ManagementNetwork), "POOL", string(model.DefaultMACPool), "PROFILE", string(e.engine.Inventory.VNICProfiles.All()[0].ID),
		"ATTACHMENT", attached[0], "OTHER", attached[1], "DESKS", string(lettingIn), "MEMBER", string(member), "AFFINE", string(lettingIn), "SNAPSHOT", string(lettingIn), "TRANSFER", string(lettingIn), "HOST", string(host),
		"CLUSTER", string(server.DefaultCluster), "CENTER", string(server.DefaultDataCenter),
		"ISO", string(e.engine.Inventory.StorageDomains.Named("local-iso")[0].ID),
	)}
	center := level{"data_center", model.Ref{Kind: model.KindDataCenter, ID: server.DefaultDataCenter}}
	cluster := level{"cluster", model.Ref{Kind: model.KindCluster, ID: server.DefaultCluster}}
	storage := level{"storage_domain", model.Ref{Kind: model.KindStorageDomain, ID: model.ID(domain)}}
	machine := level{"vm", model.Ref{Kind: model.KindVM, ID: model.ID(vm)}}
	image := level{"disk", model.Ref{Kind: model.KindDisk, ID: model.ID(disk)}}
	pool := level{"vm_pool", model.Ref{Kind: model.KindVMPool, ID: lettingIn}}
	on := level{"host", model.Ref{Kind: model.KindHost, ID: host}}
	network := level{"network", model.Ref{Kind: model.KindNetwork, ID: server.ManagementNetwork}}
	profile := level{"vnic_profile", e.engine.Inventory.VNICProfiles.All()[0].Ref()}
	template := level{"template", model.Ref{Kind: model.KindTemplate, ID: model.BlankID}}
	w.levels = []level{{"system", model.Ref{}}, center, cluster, storage, machine, image, pool, on, network, profile, template}
	w.seen = []level{
		center, cluster, storage, machine, image, pool,
		{"member of the pool", model.Ref{Kind: model.KindVM, ID: member}},
		on, network, profile, template,
		{"image_transfer", model.Ref{Kind: model.KindImageTransfer, ID: lettingIn}},
	}
	return w
}

// attachments are two networks of the host, one of which a VM runs on.
func attachments(e *edge, host model.ID) [2]string {
	one := &model.NetworkAttachment{ID: model.NewID(), Host: host, Network: server.ManagementNetwork, Bridge: "br1"}
	busy := &model.NetworkAttachment{ID: model.NewID(), Host: host, Network: model.NewID(), Bridge: "br2"}
	e.edit(func(tx *inventory.Tx) {
		tx.Attachments.Put(one)
		tx.Attachments.Put(busy)
		running := &model.VM{ID: model.NewID(), Run: model.Run{Host: host, Status: model.StatusUp}}
		running.Name, running.Cluster = "busy", server.DefaultCluster
		running.NICs = []model.NIC{{ID: model.NewID(), Name: "nic1", Network: busy.Network, Plugged: true}}
		tx.VMs.Put(running)
	})
	return [2]string{string(one.ID), string(busy.ID)}
}

func (e *edge) edit(change func(*inventory.Tx)) {
	e.t.Helper()
	err := e.engine.Inventory.Update(context.Background(), func(tx *inventory.Tx) error { change(tx); return nil })
	if err != nil {
		e.t.Fatal(err)
	}
}

// lettingIn is a role that does nothing but let its holders log in; it is given on
// what does not exist.
const lettingIn model.ID = "cccccccc-0000-0000-0000-000000000001"

// member is a VM of a pool.
const member model.ID = "cccccccc-0000-0000-0000-000000000002"

// users makes a user for each predefined role.
func (w *walk) users() []*model.Role {
	hash := w.engine.Inventory.Users.All()[0].PasswordHash // the same password
	roles := slices.Clone(w.engine.Inventory.Roles.All())
	w.edit(func(tx *inventory.Tx) {
		tx.Roles.Put(&model.Role{ID: lettingIn, Name: "letting in", Mutable: true, Permits: []model.Permit{"login"}})
		for _, role := range roles {
			tx.Users.Put(&model.User{ID: role.ID, Name: role.Name, Domain: auth.Internal, PasswordHash: hash})
			tx.Permissions.Put(&model.Permission{ID: model.NewID(), Role: lettingIn, User: role.ID, Object: model.Ref{Kind: "nothing", ID: lettingIn}})
		}
	})
	return roles
}

// requestOf is how a row is called; false if it has no route.
func (w *walk) requestOf(row *engine.Command) (method, path, body string, routed bool) {
	if request, known := requestsOf[row.Key()]; known && request[0] != "" {
		return request[0], w.words.Replace(request[1]), w.words.Replace(request[2]), true
	}
	base, acts := map[model.Kind]string{model.KindVM: "/api/vms/VM/", model.KindDisk: "/api/vms/VM/disks/DISK/", model.KindNIC: "/api/vms/VM/nics/NIC/"}[row.On]
	if acts && w.do("OPTIONS", w.words.Replace(base)+row.Name, "").Code == 200 {
		return "POST", w.words.Replace(base) + row.Name, "<action/>", true
	}
	if _, known := requestsOf[row.Key()]; !known {
		w.t.Errorf("there is no request for the row %s: add one to requestsOf", row.Key())
	}
	return "", "", "", false
}

// TestWhoMayWhat walks every row of the command table and every object that can be
// read over HTTP, as a holder of each predefined role, given on each level of the
// tree. Who may what is kept in testdata/permits.golden, and must be what the
// role's permits say.
func TestWhoMayWhat(t *testing.T) {
	w := newWalk(t)
	roles := w.users()
	may := make(map[string]map[string][]string) // by what, by level: the roles
	note := func(what, level, role string) {
		if may[what] == nil {
			may[what] = make(map[string][]string)
		}
		may[what][level] = append(may[what][level], role)
	}
	rows := w.engine.Engine.Commands()
	for _, level := range w.levels {
		for _, role := range roles {
			given := &model.Permission{ID: model.NewID(), Role: role.ID, User: role.ID, Object: level.ref}
			w.edit(func(tx *inventory.Tx) { tx.Permissions.Put(given) })
			as := []string{basic(role.Name+"@internal", password), filter}
			for _, row := range rows {
				method, path, body, routed := w.requestOf(row)
				if !routed {
					continue
				}
				before := w.engine.Inventory.Permissions.All()
				answer := w.do(method, path, body, as...)
				w.restore(before)
				switch {
				case answer.Code == 401 || answer.Code >= 500:
					t.Fatalf("%s on the %s: %s is answered with %d\n%s", role.Name, level.name, row.Key(), answer.Code, answer.Body)
				case !strings.Contains(answer.Body.String(), "User is not authorized to perform this action.") && !hidden(answer.Code, answer.Body.String()):
					note(row.Key(), level.name, role.Name)
					if !auth.Holds(role, row.Needs) {
						t.Errorf("%s on the %s may %s and does not hold %s: %s", role.Name, level.name, row.Key(), row.Needs, answer.Body)
					}
				}
			}
			for _, object := range w.seen {
				path := map[model.Kind]string{
					model.KindDataCenter: "datacenters", model.KindCluster: "clusters", model.KindStorageDomain: "storagedomains", model.KindVM: "vms",
					model.KindDisk: "disks", model.KindHost: "hosts", model.KindNetwork: "networks", model.KindVNICProfile: "vnicprofiles", model.KindTemplate: "templates",
					model.KindImageTransfer: "/ovirt-engine/api/v4/imagetransfers", model.KindVMPool: "vmpools",
				}[object.ref.Kind]
				if object.ref.Kind != model.KindImageTransfer {
					path = "/api/" + path
				}
				one := w.do("GET", path+"/"+string(object.ref.ID), "", as...)
				list := w.do("GET", path, "", as...)
				listed := strings.Contains(list.Body.String(), `id="`+string(object.ref.ID)+`"`)
				if (one.Code == 200) != listed || one.Code != 200 && one.Code != 404 {
					t.Errorf("%s on the %s: the %s is answered with %d, and listed: %v", role.Name, level.name, object.name, one.Code, listed)
				}
				if listed {
					note("see "+object.name, level.name, role.Name)
				}
			}
			w.edit(func(tx *inventory.Tx) { tx.Permissions.Delete(given.ID) })
		}
	}
	compareGolden(t, "permits.golden", w.paint(rows, may))
}

// together is an affinity group of one VM.
func together(vm model.ID) *model.AffinityGroup {
	return &model.AffinityGroup{ID: lettingIn, Name: "together", Cluster: server.DefaultCluster, VMs: []model.ID{vm}}
}

// restore makes the permissions and the affinity group what they were, so that what
// one role did is not there for the next.
func (w *walk) restore(before []*model.Permission) {
	vm := model.ID(w.words.Replace("VM"))
	if group, ok := w.engine.Inventory.AffinityGroups.Get(lettingIn); !ok || len(group.VMs) == 0 {
		w.edit(func(tx *inventory.Tx) { tx.AffinityGroups.Put(together(vm)) })
	}
	now := w.engine.Inventory.Permissions.All()
	if slices.Equal(before, now) {
		return
	}
	w.edit(func(tx *inventory.Tx) {
		for _, permission := range now {
			tx.Permissions.Delete(permission.ID)
		}
		for _, permission := range before {
			tx.Permissions.Put(permission)
		}
	})
}

// hidden says whether a request was refused because it names what the caller may not
// see.
func hidden(code int, body string) bool {
	return code == 404 && strings.Contains(body, "Entity not found")
}

// paint writes, for each row and each object, the roles that may on which level.
func (w *walk) paint(rows []*engine.Command, may map[string]map[string][]string) string {
	var text strings.Builder
	text.WriteString("Who may do what, by the level of the tree that the role was given on.\n")
	describe := func(what, needs string) {
		fmt.Fprintf(&text, "\n%s%s\n", what, needs)
		var levels []string
		for i, level := range w.levels {
			levels = append(levels, level.name)
			if i+1 < len(w.levels) && slices.Equal(may[what][level.name], may[what][w.levels[i+1].name]) {
				continue
			}
			holders := strings.Join(may[what][level.name], " ")
			if holders == "" {
				holders = "nobody"
			}
			fmt.Fprintf(&text, "  %s: %s\n", strings.Join(levels, ", "), holders)
			levels = nil
		}
	}
	var unrouted []string
	for _, row := range rows {
		if _, _, _, routed := w.requestOf(row); routed {
			describe(row.Key(), " ("+string(row.Needs)+")")
		} else {
			unrouted = append(unrouted, row.Key()+" ("+string(row.Needs)+")")
		}
	}
	for _, object := range w.seen {
		describe("see "+object.name, "")
	}
	text.WriteString("\nwithout a route: " + strings.Join(unrouted, ", ") + "\n")
	return text.String()
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs; run with -update and look at what git says. It is now:\n%s", path, got)
	}
}
