"""What other scenarios do to a verdict under the defaults."""

from seawall.design import Design
from seawall.documents import read_yaml
from seawall.finding import Finding
from seawall.judging import judge_design
from seawall.loading import load_policies
from seawall.source import Document
from seawall.sources.cloudformation import template_of

CACHE = """
  Carts: {Type: "AWS::ElastiCache::ReplicationGroup", Properties: {Engine: redis}}
  Settings:
    Type: Custom::Snapshots
    Condition: Wanted
    Properties: {ServiceToken: "arn:aws:lambda:eu-west-1:111122223333:function:snapshots", Cache: !Ref Carts}
"""
DATABASE = """
  Orders:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: mysql, BackupRetentionPeriod: !If [Wanted, 0, "0"], MultiAZ: !If [Wanted, false, !Ref Two]}
"""


def finding(policy_name: str, parameters: str, resources: str) -> Finding:
    text = f"Parameters: {parameters}\nConditions: {{Wanted: !Equals [!Ref Want, 'yes']}}\nResources:{resources}"
    design = Design([template_of(Document("template.yaml", text, read_yaml(text, [])))])
    policies = [policy for policy in load_policies()[0] if policy.name == policy_name]
    (found,) = [one for one in judge_design(design, policies) if isinstance(one, Finding)]
    return found


def test_what_is_undecided_under_known_defaults_stays_so_whatever_other_values_give() -> None:
    found = finding("cache_without_snapshots", "{Want: {Type: String, Default: 'yes'}}", CACHE)
    assert found.verdict == "undecided"


def test_what_every_value_of_an_unset_parameter_gives_is_the_verdict() -> None:
    parameters = "{Want: {Type: String}, Two: {Type: String, Default: 'false'}}"
    found = finding("single_az_database", parameters, DATABASE)
    assert found.verdict == "flagged"


def test_an_accepted_verdict_says_when_not_every_combination_was_tried() -> None:
    switches = [f"S{number}" for number in range(8)]
    parameters = ", ".join(
        f"{name}: {{Type: String, Default: 'no', AllowedValues: ['no', 'yes']}}" for name in switches
    )
    chain = "\n".join(f"  {name}On: !Equals [!Ref {name}, 'yes']" for name in switches)
    text = (
        f"Parameters: {{{parameters}}}\nConditions:\n{chain}\nResources:\n"
        "  Orders: {Type: 'AWS::RDS::DBInstance', Properties: {Engine: mysql, MultiAZ: !If [S0On, true, true],\n"
        "    StorageType: !If [S0On, gp3, gp2]}}\n"
    )
    design = Design([template_of(Document("template.yaml", text, read_yaml(text, [])))])
    policies = [policy for policy in load_policies()[0] if policy.name == "single_az_database"]
    (found,) = [one for one in judge_design(design, policies) if isinstance(one, Finding)]
    assert (found.verdict, found.note) == ("accepted", "only 64 combinations of parameters were tried")
