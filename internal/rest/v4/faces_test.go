package v4

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vireo/internal/rest/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

// faces are the root shapes by the name of their element.
var faces = map[string]any{
	"action": &Action{}, "api": &API{}, "creation": &Creation{}, "fault": &Fault{},
	"data_center": &DataCenter{}, "data_centers": &DataCenters{}, "cluster": &Cluster{}, "clusters": &Clusters{},
	"storage_domain": &StorageDomain{}, "storage_domains": &StorageDomains{}, "disk": &Disk{}, "disks": &Disks{},
	"network": &Network{}, "networks": &Networks{}, "vnic_profile": &VNICProfile{}, "vnic_profiles": &VNICProfiles{},
	"host": &Host{}, "hosts": &Hosts{}, "host_nic": &HostNIC{}, "host_nics": &HostNICs{}, "agent": &Agent{}, "agents": &Agents{},
	"network_attachment": &NetworkAttachment{}, "network_attachments": &NetworkAttachments{},
	"affinity_group": &AffinityGroup{}, "affinity_groups": &AffinityGroups{}, "statistic": &Statistic{}, "statistics": &Statistics{},
	"mac_pool": &MACPool{}, "mac_pools": &MACPools{},
	"tag": &Tag{}, "tags": &Tags{},
	"user": &User{}, "users": &Users{}, "group": &Group{}, "groups": &Groups{}, "domain": &Domain{}, "domains": &Domains{},
	"role": &Role{}, "roles": &Roles{}, "permit": &Permit{}, "permits": &Permits{}, "permission": &Permission{}, "permissions": &Permissions{},
	"vm_pool": &VMPool{}, "vm_pools": &VMPools{},
	"image_transfer": &ImageTransfer{}, "image_transfers": &ImageTransfers{},
	"external_vm_import": &ExternalVMImport{}, "external_template_import": &ExternalTemplateImport{},
	"graphics_console": &GraphicsConsole{}, "graphics_consoles": &GraphicsConsoles{},
	"job": &Job{}, "jobs": &Jobs{}, "step": &Step{}, "steps": &Steps{}, "event": &Event{}, "events": &Events{},
}

// TestFaces holds each shape, with every field filled, against its golden file in both
// formats: it matches, decodes to what it was made from, and encodes to the same bytes.
func TestFaces(t *testing.T) {
	for root, shape := range faces {
		filled := reflect.New(reflect.TypeOf(shape).Elem())
		(&filler{}).fill(filled.Elem(), root)
		for _, format := range []string{"xml", "json"} {
			t.Run(root+"."+format, func(t *testing.T) {
				written := write(format, root, filled.Interface())
				golden(t, root+".v4."+format, written)
				again := reflect.New(filled.Type().Elem())
				if err := read(format, root, written, again.Interface()); err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(again.Interface(), filled.Interface()) {
					t.Errorf("it was read as something else:\n%s", write(format, root, again.Interface()))
				}
			})
		}
	}
}

func write(format, root string, shape any) []byte {
	if format == "json" {
		return append(wire.AppendJSON(nil, shape, wire.JSON{LongsAsText: true}), '\n')
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

// filler puts a value of its own into every field. A shape inside itself is left out.
type filler struct {
	count   int
	parents []reflect.Type
}

func (f *filler) fill(v reflect.Value, name string) {
	f.count++
	switch v.Kind() {
	case reflect.Pointer:
		if !slices.Contains(f.parents, v.Type().Elem()) {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem(), name)
		}
	case reflect.Slice:
		if !slices.Contains(f.parents, v.Type().Elem()) {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			for i := range 2 {
				f.fill(v.Index(i), name)
			}
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("%s-%d & <é>", name[strings.LastIndexByte(name, '.')+1:], f.count))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(f.count))
	case reflect.Uint16, reflect.Uint32:
		v.SetUint(uint64(f.count))
	case reflect.Float64:
		v.SetFloat(float64(f.count) + 0.25)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 11, 23, 9, 7, 31, 123e6, time.UTC).Add(time.Duration(f.count) * time.Second)))
			return
		}
		f.parents = append(f.parents, v.Type())
		for i := range v.NumField() {
			f.fill(v.Field(i), name+"."+strings.ToLower(v.Type().Field(i).Name))
		}
		f.parents = f.parents[:len(f.parents)-1]
	default:
		panic("no value for a " + v.Kind().String())
	}
}

// TestOrder: within a shape of one object elements come before links to others, each
// in the order of the alphabet (api-v4 2.2).
func TestOrder(t *testing.T) {
	for root, shape := range faces {
		if root == "api" || strings.HasSuffix(root, "s") {
			continue
		}
		var plain, links []string
		for field := range reflect.TypeOf(shape).Elem().Fields() {
			name := field.Tag.Get("wire")
			switch {
			case field.Anonymous:
			case strings.Contains(field.Type.String(), "Reference") || field.Type == reflect.TypeFor[*Disk]():
				links = append(links, name)
			case len(links) > 0:
				t.Errorf("%s: %s comes after the links", root, name)
			default:
				plain = append(plain, name)
			}
		}
		if !slices.IsSorted(plain) || !slices.IsSorted(links) {
			t.Errorf("%s: %v, %v", root, plain, links)
		}
	}
}
