package v3

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"vireo/internal/rest/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

// faces are the root shapes by the name of their element.
var faces = map[string]any{
	"action": &Action{}, "api": &API{}, "capabilities": &Capabilities{}, "creation": &Creation{},
	"fault": &Fault{}, "usage_message": &UsageMessage{},
	"data_center": &DataCenter{}, "data_centers": &DataCenters{}, "cluster": &Cluster{}, "clusters": &Clusters{},
	"host": &Host{}, "hosts": &Hosts{}, "agent": &Agent{}, "agents": &Agents{}, "network": &Network{}, "networks": &Networks{},
	"vnic_profile": &VNICProfile{}, "vnic_profiles": &VNICProfiles{}, "mac_pool": &MACPool{}, "mac_pools": &MACPools{},
	"host_nic": &HostNIC{}, "host_nics": &HostNICs{}, "network_attachment": &NetworkAttachment{}, "network_attachments": &NetworkAttachments{},
	"storage_domain": &StorageDomain{}, "storage_domains": &StorageDomains{}, "file": &File{}, "files": &Files{},
	"disk": &Disk{}, "disks": &Disks{}, "cdrom": &CDROM{}, "cdroms": &CDROMs{},
	"template": &Template{}, "templates": &Templates{}, "tag": &Tag{}, "tags": &Tags{},
	"affinity_group": &AffinityGroup{}, "affinity_groups": &AffinityGroups{},
	"vm": &VM{}, "vms": &VMs{}, "vmpool": &VMPool{}, "vmpools": &VMPools{}, "nic": &NIC{}, "nics": &NICs{}, "statistic": &Statistic{}, "statistics": &Statistics{},
	"reported_device": &ReportedDevice{}, "reported_devices": &ReportedDevices{},
	"application": &Application{}, "applications": &Applications{}, "session": &Session{}, "sessions": &Sessions{},
	"graphics_console": &GraphicsConsole{}, "graphics_consoles": &GraphicsConsoles{},
	"snapshot": &Snapshot{}, "snapshots": &Snapshots{},
	"user": &User{}, "users": &Users{}, "group": &Group{}, "groups": &Groups{}, "role": &Role{}, "roles": &Roles{}, "permit": &Permit{}, "permits": &Permits{},
	"domain": &DirectoryDomain{}, "domains": &Domains{},
	"permission": &Permission{}, "permissions": &Permissions{},
	"job": &Job{}, "jobs": &Jobs{}, "step": &Step{}, "steps": &Steps{}, "event": &Event{}, "events": &Events{},
}

// TestFaces holds each shape, with every field filled, against its golden file
// in both formats: it matches, decodes to what it was made from, and encodes to
// the same bytes again.
func TestFaces(t *testing.T) {
	for root, shape := range faces {
		filled := reflect.New(reflect.TypeOf(shape).Elem())
		(&filler{}).fill(filled.Elem(), root)
		for _, format := range []string{"xml", "json"} {
			t.Run(root+"."+format, func(t *testing.T) {
				written := write(format, root, filled.Interface())
				golden(t, root+".v3."+format, written)
				again := reflect.New(filled.Type().Elem())
				if err := read(format, root, written, again.Interface()); err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(again.Interface(), filled.Interface()) {
					t.Errorf("it was read as something else:\n%s", write(format, root, again.Interface()))
				}
				if rewritten := write(format, root, again.Interface()); !bytes.Equal(rewritten, written) {
					t.Errorf("it was written differently:\n%s", rewritten)
				}
				if format == "xml" {
					validate(t, written)
				}
			})
		}
	}
}

func write(format, root string, shape any) []byte {
	if format == "json" {
		return append(wire.AppendJSON(nil, shape, wire.JSON{}), '\n')
	}
	return wire.AppendXML(nil, root, shape)
}

func read(format, root string, data []byte, shape any) error {
	if format == "json" {
		return wire.ReadJSON(bytes.NewReader(data), shape, wire.Limits{})
	}
	return wire.ReadXML(bytes.NewReader(data), root, shape, wire.Limits{})
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is different (go test -update accepts it):\n%s", path, got)
	}
}

// validate compares with the schema, if SCHEMA names the folder that has it.
func validate(t *testing.T, document []byte) {
	t.Helper()
	folder := os.Getenv("SCHEMA")
	if folder == "" {
		return
	}
	command := exec.Command("xmllint", "--noout", "--schema", filepath.Join(folder, "api.xsd"), "-")
	command.Stdin = bytes.NewReader(document)
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("%s\n%s", output, document)
	}
}

// filler puts a value of its own into every field. A shape inside itself is left
// out.
type filler struct {
	count   int
	parents []reflect.Type
}

// fixed are the words of the few places where the schema knows an enumeration.
var fixed = map[string]string{"values.type": "INTEGER", "statistic.type": "GAUGE", "statistic.unit": "BYTES"}

// old are the places that only releases before 3.6 had.
var old = map[string]bool{"payload.file": true}

func (f *filler) fill(v reflect.Value, name string) {
	if old[name] {
		return
	}
	f.count++
	switch v.Kind() {
	case reflect.Pointer:
		for _, parent := range f.parents {
			if parent == v.Type().Elem() {
				return
			}
		}
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), name)
	case reflect.Slice:
		for _, parent := range f.parents {
			if parent == v.Type().Elem() {
				return
			}
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			f.fill(v.Index(i), name)
		}
	case reflect.String:
		if word, ok := fixed[name]; ok {
			v.SetString(word)
			return
		}
		v.SetString(fmt.Sprintf("%s-%d & <é>", name[strings.LastIndexByte(name, '.')+1:], f.count))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32:
		v.SetInt(int64(f.count))
	case reflect.Int64:
		v.SetInt(int64(f.count) << 32)
	case reflect.Uint16, reflect.Uint32:
		v.SetUint(uint64(f.count))
	case reflect.Float64:
		v.SetFloat(float64(f.count) + 0.5)
	case reflect.Struct:
		if v.Type() == timeType {
			v.Set(reflect.ValueOf(time.Date(2016, 3, 1, 12, 41, f.count%60, 405e6, time.UTC)))
			return
		}
		f.parents = append(f.parents, v.Type())
		for i := range v.NumField() {
			field := v.Type().Field(i)
			tag, _, _ := strings.Cut(field.Tag.Get("wire"), ",")
			if field.Anonymous {
				f.fill(v.Field(i), name)
				continue
			}
			f.fill(v.Field(i), name[strings.LastIndexByte(name, '.')+1:]+"."+tag)
		}
		f.parents = f.parents[:len(f.parents)-1]
	default:
		panic("no value for " + v.Type().String())
	}
}
