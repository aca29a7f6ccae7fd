"""What this shopper looked at, to go on with: chosen by rule, and on their own page alone."""

from typing import Annotated, ClassVar

from .fields import Field, ProductId, Props, distinct, viewed


class Recent(Props):
    """What this shopper viewed and did not buy."""

    slots: ClassVar = ("recent",)

    product_ids: Annotated[list[ProductId], distinct(), viewed()] = Field(
        min_length=3, max_length=4, description="what they viewed most comes first"
    )
