package seed
type User struct { Name, Password string }
type AuthorizedKey struct { User, Key string }
type NIC struct { Name, Protocol, Address, Netmask, Gateway string; OnBoot bool }
type GuestFile struct { Path, Content string }
type CloudInit struct { Instance, HostName, TimeZone, UserName, Password string; Users []User; AuthorizedKeys []AuthorizedKey; RegenerateSSHKeys bool; NICs []NIC; DNSServers, DNSSearch []string; WriteFiles []GuestFile; CustomScript string }
func (c *CloudInit) Check() error { return nil }
func (c *CloudInit) Files() ([]File, error) { return nil, nil }
type Answers struct { OSType, ComputerName, TimeZone, UserName, OrgName, AdminPassword, ProductKey, ActiveDirectoryOU, InputLocale, UILanguage, SystemLocale, UserLocale, CustomAnswerFile, Domain, DomainUser, DomainPassword string }
func (c *Answers) Check() error { return nil }
func (c *Answers) File() (File, error) { return File{}, nil }
