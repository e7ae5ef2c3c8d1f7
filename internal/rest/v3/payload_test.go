package v3

import (
	"reflect"
	"strings"
	"testing"

	"vireo/internal/fault"
	"vireo/internal/model"
)

func readPayloads(t *testing.T, body string, stored []model.Payload) ([]model.Payload, error) {
	t.Helper()
	format := "xml"
	if strings.HasPrefix(body, "{") {
		format = "json"
	}
	var shape Payloads
	if err := read(format, "payloads", []byte(body), &shape); err != nil {
		t.Fatal(err)
	}
	err := shape.apply(&stored, safe)
	return stored, err
}

// TestPayloadsAreRead: the form of 3.3, and that of 3.1 with its one file.
func TestPayloadsAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		bodies []string
		want   []model.Payload
	}{
		"several": {[]string{
			`<payloads><payload type="CDROM"><volume_id>seed</volume_id><files><file><name>a</name><content>x
</content></file><file><name>b</name><content>AAE=</content><type>base64</type></file></files></payload>
			<payload type="floppy"><files><file><name>c</name><content/></file></files></payload></payloads>`,
			`{"payload":[{"type":"cdrom","volume_id":"seed","files":{"file":[{"name":"a","content":"x\n","type":"plaintext"},{"name":"b","content":"AAE=","type":"base64"}]}},
			{"type":"floppy","files":{"file":[{"name":"c"}]}}]}`,
		}, []model.Payload{
			{Type: model.PayloadCDROM, VolumeID: "seed", Files: []model.PayloadFile{{Name: "a", Content: "secret x\n"}, {Name: "b", Content: "secret \x00\x01"}}},
			{Type: model.PayloadFloppy, Files: []model.PayloadFile{{Name: "c"}}},
		}},
		"older": {[]string{
			`<payloads><payload type="floppy"><file name="a"><content>x</content></file></payload></payloads>`,
			`{"payload":[{"type":"floppy","file":{"name":"a","content":"x"}}]}`,
		}, []model.Payload{{Type: model.PayloadFloppy, Files: []model.PayloadFile{{Name: "a", Content: "secret x"}}}}},
		"without files": {[]string{`<payloads><payload type="cdrom"/></payloads>`}, []model.Payload{{Type: model.PayloadCDROM}}},
		"none":          {[]string{"<payloads/>", "{}"}, nil},
	} {
		for _, body := range c.bodies {
			got, err := readPayloads(t, body, wholePayloads())
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			same(t, name, got, c.want)
		}
	}
}

func TestPayloadsGivenBackKeepTheirSecrets(t *testing.T) {
	got, err := readPayloads(t, `<payloads><payload type="floppy"><files><file><name>a.txt</name><content>******</content></file></files></payload>
		<payload type="cdrom"><volume_id>seed</volume_id><files><file><name>a.txt</name><content>geheim&#13;
</content></file><file><name>b.bin</name><content>AP8=</content><type>base64</type></file><file><name>empty</name></file></files></payload></payloads>`, wholePayloads())
	if want := wholePayloads(); err != nil || !reflect.DeepEqual(got, []model.Payload{want[1], want[0]}) {
		t.Errorf("%v, got %s", err, opened(t, got))
	}
}

func TestPayloadsRefuse(t *testing.T) {
	for body, want := range map[string]string{
		"<payload><files><file><name>a</name></file></files></payload>": "Payload [type] required for payloads",
		`<payload type="tape"/>`: "tape is not a member of VmDeviceType. Possible values for VmDeviceType are: cdrom, floppy",
		`<payload type="cdrom"><files><file><content>geheim</content></file></files></payload>`:                "File [name] required for payloads",
		`<payload type="cdrom"><file name="a"><content>geheim!</content><type>base64</type></file></payload>`:  "The content of the file a is not valid base64.",
		`<payload type="cdrom"><file name="a"><content>******</content></file></payload>`:                      "The content of the file a is hidden, and none is stored under this name.",
		`<payload type="cdrom"><file name="a"><content>geheim</content><type>geheimer</type></file></payload>`: "geheimer is not a member of PayloadEncoding",
	} {
		_, err := readPayloads(t, "<payloads>"+body+"</payloads>", nil)
		f := fault.Of(err)
		if err == nil || f.Kind != fault.BadRequest || !strings.Contains(f.Message(), want) || strings.Contains(err.Error(), "geheim!") {
			t.Errorf("%s: %v", body, err)
		}
	}
}
