package v3

// NIC is a network interface of a VM or template (api-v3 2.6).
type NIC struct {
	Resource
	Template        *Reference       `wire:"template"`
	VM              *Reference       `wire:"vm"`
	Network         *Reference       `wire:"network"`
	Linked          *bool            `wire:"linked"`
	Interface       *string          `wire:"interface"`
	MAC             *MAC             `wire:"mac"`
	Statistics      *Statistics      `wire:"statistics"`
	Active          *bool            `wire:"active"`
	Plugged         *bool            `wire:"plugged"`
	ReportedDevices *ReportedDevices `wire:"reported_devices"`
	VNICProfile     *Reference       `wire:"vnic_profile"`
}

// NICs is a list of network interfaces.
type NICs struct {
	Collection
	NIC []NIC `wire:"nic"`
}

// MAC is mac.
type MAC struct {
	Address string `wire:"address,attr"`
}

// ReportedDevice is a network interface as the guest sees it.
type ReportedDevice struct {
	Resource
	Type string     `wire:"type,keep"`
	MAC  *MAC       `wire:"mac"`
	IPs  *IPs       `wire:"ips"`
	VM   *Reference `wire:"vm"`
}

// ReportedDevices is a list of reported devices.
type ReportedDevices struct {
	Collection
	ReportedDevice []ReportedDevice `wire:"reported_device"`
}

// Application is something that the guest's agent says is installed.
type Application struct {
	Resource
	VM *Reference `wire:"vm"`
}

// Applications is a list of applications.
type Applications struct {
	Collection
	Application []Application `wire:"application"`
}

// Session is somebody who is logged on to the guest, or sits before its console.
type Session struct {
	Resource
	VM          *Reference   `wire:"vm"`
	User        *SessionUser `wire:"user"`
	ConsoleUser *bool        `wire:"console_user"`
}

// SessionUser is a user of the engine, or one whom only the guest knows.
type SessionUser struct {
	Href     string  `wire:"href,attr"`
	ID       *string `wire:"id,attr"`
	UserName *string `wire:"user_name"`
}

// Sessions is a list of sessions.
type Sessions struct {
	Collection
	Session []Session `wire:"session"`
}

// GraphicsConsole is a display of a VM, as configured or as it runs.
type GraphicsConsole struct {
	Resource
	VM       *Reference `wire:"vm"`
	Protocol *string    `wire:"protocol"`
	Port     *int       `wire:"port"`
	TLSPort  *int       `wire:"tls_port"`
	Address  *string    `wire:"address"`
}

// GraphicsConsoles is a list of displays.
type GraphicsConsoles struct {
	Collection
	GraphicsConsole []GraphicsConsole `wire:"graphics_console"`
}

// Statistic is one figure (api-v3 2.6).
type Statistic struct {
	Resource
	Values  Values     `wire:"values,keep"`
	Type    string     `wire:"type,keep"`
	Unit    string     `wire:"unit,keep"`
	Host    *Reference `wire:"host"`
	HostNIC *Reference `wire:"host_nic"`
	VM      *Reference `wire:"vm"`
}

// Statistics is a list of figures.
type Statistics struct {
	Collection
	Statistic []Statistic `wire:"statistic"`
}

// Values is values of a statistic.
type Values struct {
	Type  string  `wire:"type,attr"`
	Value []Value `wire:"value"`
}

// Value is values/value.
type Value struct {
	Datum float64 `wire:"datum,keep"`
}
